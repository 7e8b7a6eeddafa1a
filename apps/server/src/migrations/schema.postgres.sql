table api_key column id text not null
table api_key column tenant_id text not null
table api_key column user_id text not null
table api_key column name text not null
table api_key column role text not null
table api_key column start text not null
table api_key column secret_sha256 text not null
table api_key column created_at bigint not null
table api_key column expires_at bigint
table api_key column last_used_at bigint
table api_key constraint api_key_pkey PRIMARY KEY (id)
table api_key constraint api_key_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
table api_key constraint api_key_user_id_fkey FOREIGN KEY (user_id) REFERENCES operator(user_id) ON DELETE CASCADE
CREATE INDEX api_key_of_user ON public.api_key USING btree (tenant_id, user_id, created_at)
CREATE UNIQUE INDEX api_key_secret ON public.api_key USING btree (secret_sha256)
table artifact column id text not null
table artifact column tenant_id text not null
table artifact column release_id text not null
table artifact column path text not null
table artifact column sha256 text not null
table artifact column size_bytes bigint not null
table artifact column head_sha256 text not null
table artifact column hardware_types text not null
table artifact column depends text not null
table artifact column provides text not null
table artifact column clears_provides text not null
table artifact column payloads text not null
table artifact column scripts text not null
table artifact column signature text not null
table artifact column created_at bigint not null
table artifact constraint artifact_pkey PRIMARY KEY (id)
table artifact constraint artifact_release_id_fkey FOREIGN KEY (release_id) REFERENCES release(id)
CREATE INDEX artifact_content ON public.artifact USING btree (sha256)
CREATE INDEX artifact_release ON public.artifact USING btree (release_id)
table artifact_fit column tenant_id text not null
table artifact_fit column release_id text not null
table artifact_fit column hardware_type text not null
table artifact_fit column depends_sha256 text not null
table artifact_fit column artifact_id text not null
table artifact_fit constraint artifact_fit_artifact_id_fkey FOREIGN KEY (artifact_id) REFERENCES artifact(id) ON DELETE CASCADE
table artifact_fit constraint artifact_fit_pkey PRIMARY KEY (release_id, hardware_type, depends_sha256)
table assignment column id text not null
table assignment column tenant_id text not null
table assignment column number bigint not null
table assignment column deployment_id text not null
table assignment column device_id text not null
table assignment column artifact_id text
table assignment column stage integer not null
table assignment column state text not null
table assignment column attempt integer not null
table assignment column event_sequence bigint not null
table assignment column progress_percent integer
table assignment column outcome text
table assignment column code text
table assignment column detail text
table assignment column offered_at bigint not null
table assignment column updated_at bigint not null
table assignment column closed_at bigint
table assignment column deferral text
table assignment column ran_before text
table assignment column tries_after integer not null default 0
table assignment column phase_since bigint not null default 0
table assignment column site text
table assignment column installation_told integer not null default 0
table assignment constraint assignment_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployment(id)
table assignment constraint assignment_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id)
table assignment constraint assignment_pkey PRIMARY KEY (id)
CREATE UNIQUE INDEX assignment_device ON public.assignment USING btree (deployment_id, device_id)
CREATE INDEX assignment_latest ON public.assignment USING btree (deployment_id, updated_at, id)
CREATE UNIQUE INDEX assignment_number ON public.assignment USING btree (tenant_id, number)
CREATE INDEX assignment_of_device ON public.assignment USING btree (device_id, offered_at)
CREATE INDEX assignment_open ON public.assignment USING btree (tenant_id, updated_at) WHERE (closed_at IS NULL)
CREATE INDEX assignment_progress ON public.assignment USING btree (deployment_id, outcome, code, stage, state, closed_at)
table attempt column tenant_id text not null
table attempt column assignment_id text not null
table attempt column attempt integer not null
table attempt column started_at bigint not null
table attempt column finished_at bigint
table attempt column outcome text
table attempt column code text
table attempt column detail text
table attempt column signer_refusal text
table attempt constraint attempt_assignment_id_fkey FOREIGN KEY (assignment_id) REFERENCES assignment(id)
table attempt constraint attempt_pkey PRIMARY KEY (assignment_id, attempt)
table attempt_log column tenant_id text not null
table attempt_log column assignment_id text not null
table attempt_log column attempt integer not null
table attempt_log column content text not null
table attempt_log constraint attempt_log_assignment_id_fkey FOREIGN KEY (assignment_id) REFERENCES assignment(id)
table attempt_log constraint attempt_log_pkey PRIMARY KEY (assignment_id, attempt)
table audit_block column tenant_id text not null
table audit_block column number bigint not null
table audit_block column first_sequence bigint not null
table audit_block column last_sequence bigint not null
table audit_block column event_count integer not null
table audit_block column events_sha256 text not null
table audit_block column sha256 text not null
table audit_block column sealed_at bigint not null
table audit_block constraint audit_block_pkey PRIMARY KEY (tenant_id, number)
CREATE UNIQUE INDEX audit_block_events ON public.audit_block USING btree (tenant_id, last_sequence)
table auth_account column id text not null
table auth_account column user_id text not null
table auth_account column account_id text not null
table auth_account column provider_id text not null
table auth_account column access_token text
table auth_account column refresh_token text
table auth_account column id_token text
table auth_account column access_token_expires_at text
table auth_account column refresh_token_expires_at text
table auth_account column scope text
table auth_account column password text
table auth_account column created_at text not null
table auth_account column updated_at text not null
table auth_account constraint auth_account_pkey PRIMARY KEY (id)
table auth_account constraint auth_account_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth_user(id) ON DELETE CASCADE
CREATE INDEX auth_account_user ON public.auth_account USING btree (user_id)
table auth_session column id text not null
table auth_session column token text not null
table auth_session column user_id text not null
table auth_session column expires_at text not null
table auth_session column ip_address text
table auth_session column user_agent text
table auth_session column created_at text not null
table auth_session column updated_at text not null
table auth_session constraint auth_session_pkey PRIMARY KEY (id)
table auth_session constraint auth_session_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth_user(id) ON DELETE CASCADE
CREATE INDEX auth_session_end ON public.auth_session USING btree (expires_at)
CREATE UNIQUE INDEX auth_session_token ON public.auth_session USING btree (token)
CREATE INDEX auth_session_user ON public.auth_session USING btree (user_id)
table auth_user column id text not null
table auth_user column name text not null
table auth_user column email text not null
table auth_user column email_verified integer not null
table auth_user column image text
table auth_user column created_at text not null
table auth_user column updated_at text not null
table auth_user constraint auth_user_pkey PRIMARY KEY (id)
CREATE UNIQUE INDEX auth_user_email ON public.auth_user USING btree (email)
table auth_verification column id text not null
table auth_verification column identifier text not null
table auth_verification column value text not null
table auth_verification column expires_at text not null
table auth_verification column created_at text not null
table auth_verification column updated_at text not null
table auth_verification constraint auth_verification_pkey PRIMARY KEY (id)
CREATE INDEX auth_verification_identifier ON public.auth_verification USING btree (identifier)
table bulk_change column id text not null
table bulk_change column tenant_id text not null
table bulk_change column action text not null
table bulk_change column state text not null
table bulk_change column total bigint not null
table bulk_change column done bigint not null
table bulk_change column changed bigint not null
table bulk_change column unchanged bigint not null
table bulk_change column refused text not null
table bulk_change column created_by text not null
table bulk_change column created_at bigint not null
table bulk_change column finished_at bigint
table bulk_change constraint bulk_change_pkey PRIMARY KEY (id)
table bulk_change constraint bulk_change_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
CREATE INDEX bulk_change_newest ON public.bulk_change USING btree (tenant_id, created_at, id)
CREATE INDEX bulk_change_unfinished ON public.bulk_change USING btree (state, created_at) WHERE (finished_at IS NULL)
table bulk_change_member column tenant_id text not null
table bulk_change_member column bulk_change_id text not null
table bulk_change_member column device_id text not null
table bulk_change_member constraint bulk_change_member_bulk_change_id_fkey FOREIGN KEY (bulk_change_id) REFERENCES bulk_change(id) ON DELETE CASCADE
table bulk_change_member constraint bulk_change_member_pkey PRIMARY KEY (bulk_change_id, device_id)
table controller column tenant_id text not null
table controller column controller_id text not null
table controller column device_id text not null
table controller column token_sha256 text
table controller column uses_certificate integer not null
table controller column wants_attributes integer not null
table controller column created_at bigint not null
table controller constraint controller_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id)
table controller constraint controller_device_id_key UNIQUE (device_id)
table controller constraint controller_pkey PRIMARY KEY (tenant_id, controller_id)
table controller_action column tenant_id text not null
table controller_action column number bigint not null
table controller_action column device_id text not null
table controller_action column assignment_id text not null
table controller_action column attempt integer not null
table controller_action column fetched_at bigint
table controller_action column confirmed_at bigint
table controller_action column written_at bigint
table controller_action column closed_at bigint
table controller_action column boot_id text
table controller_action column refused_at bigint
table controller_action constraint controller_action_assignment_id_attempt_key UNIQUE (assignment_id, attempt)
table controller_action constraint controller_action_assignment_id_fkey FOREIGN KEY (assignment_id) REFERENCES assignment(id)
table controller_action constraint controller_action_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id)
table controller_action constraint controller_action_pkey PRIMARY KEY (tenant_id, number)
CREATE INDEX controller_action_of_device ON public.controller_action USING btree (tenant_id, device_id, number)
table controller_gateway column id text not null
table controller_gateway column tenant_id text not null
table controller_gateway column product text not null
table controller_gateway column hardware_type text not null
table controller_gateway column label text not null
table controller_gateway column secret_sha256 text not null
table controller_gateway column created_at bigint not null
table controller_gateway constraint controller_gateway_pkey PRIMARY KEY (id)
table controller_gateway constraint controller_gateway_secret_sha256_key UNIQUE (secret_sha256)
CREATE INDEX controller_gateway_of_tenant ON public.controller_gateway USING btree (tenant_id, created_at)
table controller_gateway_member column tenant_id text not null
table controller_gateway_member column gateway_id text not null
table controller_gateway_member column controller_id text not null
table controller_gateway_member constraint controller_gateway_member_gateway_id_fkey FOREIGN KEY (gateway_id) REFERENCES controller_gateway(id)
table controller_gateway_member constraint controller_gateway_member_pkey PRIMARY KEY (gateway_id, controller_id)
table deployment column id text not null
table deployment column tenant_id text not null
table deployment column number bigint not null
table deployment column name text not null
table deployment column product text not null
table deployment column release_id text not null
table deployment column version text not null
table deployment column target_kind text not null
table deployment column target_group_id text
table deployment column plan text not null
table deployment column state text not null
table deployment column stage integer not null
table deployment column salt bigint not null
table deployment column trip text
table deployment column admitted bigint not null
table deployment column open bigint not null
table deployment column succeeded bigint not null
table deployment column already_running bigint not null
table deployment column failed bigint not null
table deployment column rolled_back bigint not null
table deployment column rejected bigint not null
table deployment column timed_out bigint not null
table deployment column silent bigint not null
table deployment column aborted bigint not null
table deployment column created_by text not null
table deployment column created_at bigint not null
table deployment column finished_at bigint
table deployment column census text
table deployment column target_query text
table deployment column waived text
table deployment column stage_opened_at bigint not null default 0
table deployment column rollback_of text
table deployment column rollback_problems text
table deployment column created_by_user text
table deployment column approvals text
table deployment column approved_stages integer not null default 20
table deployment column offers bigint not null default 0
table deployment column chain_number bigint not null default 0
table deployment column chain_sha256 text not null default '0000000000000000000000000000000000000000000000000000000000000000'::text
table deployment column target_frozen integer not null default 0
table deployment column target_terms text
table deployment column offered_bytes bigint not null default 0
table deployment column priority integer not null default 5
table deployment column named_stages text
table deployment column rollback_order text
table deployment column installation_opened_at bigint
table deployment column opened_with_offers bigint not null default 0
table deployment column opened_with_succeeded bigint not null default 0
table deployment constraint deployment_pkey PRIMARY KEY (id)
CREATE UNIQUE INDEX deployment_number ON public.deployment USING btree (tenant_id, number)
CREATE INDEX deployment_rollback ON public.deployment USING btree (rollback_of) WHERE (rollback_of IS NOT NULL)
CREATE INDEX deployment_rolled_back ON public.deployment USING btree (tenant_id, number) WHERE (rollback_order IS NOT NULL)
CREATE INDEX deployment_state ON public.deployment USING btree (tenant_id, product, state, number)
table deployment_device column tenant_id text not null
table deployment_device column deployment_id text not null
table deployment_device column device_id text not null
table deployment_device constraint deployment_device_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployment(id)
table deployment_device constraint deployment_device_pkey PRIMARY KEY (deployment_id, device_id)
CREATE INDEX deployment_device_device ON public.deployment_device USING btree (device_id)
table deployment_excluded column tenant_id text not null
table deployment_excluded column deployment_id text not null
table deployment_excluded column device_id text not null
table deployment_excluded constraint deployment_excluded_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployment(id)
table deployment_excluded constraint deployment_excluded_pkey PRIMARY KEY (deployment_id, device_id)
table deployment_fact column tenant_id text not null
table deployment_fact column deployment_id text not null
table deployment_fact column sha256 text not null
table deployment_fact column content text not null
table deployment_fact constraint deployment_fact_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployment(id)
table deployment_fact constraint deployment_fact_pkey PRIMARY KEY (deployment_id, sha256)
table deployment_flow column tenant_id text not null
table deployment_flow column deployment_id text not null
table deployment_flow column what text not null
table deployment_flow column at bigint not null
table deployment_flow column taken_before bigint not null
table deployment_flow constraint deployment_flow_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployment(id)
table deployment_flow constraint deployment_flow_pkey PRIMARY KEY (deployment_id, what, at)
table deployment_forced column tenant_id text not null
table deployment_forced column deployment_id text not null
table deployment_forced column device_id text not null
table deployment_forced column forced_by text not null
table deployment_forced column forced_at bigint not null
table deployment_forced constraint deployment_forced_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployment(id)
table deployment_forced constraint deployment_forced_pkey PRIMARY KEY (deployment_id, device_id)
table deployment_site column tenant_id text not null
table deployment_site column deployment_id text not null
table deployment_site column site text not null
table deployment_site column open bigint not null
table deployment_site constraint deployment_site_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployment(id)
table deployment_site constraint deployment_site_pkey PRIMARY KEY (deployment_id, site)
table device column id text not null
table device column tenant_id text not null
table device column product text not null
table device column hardware_type text not null
table device column name text
table device column identity text not null
table device column identity_sha256 text not null
table device column search_text text not null
table device column state text not null
table device column draw bigint not null
table device column credential_epoch bigint not null
table device column identity_conflict_at bigint
table device column instance_id text
table device column previous_instance_id text
table device column traits text
table device column running_artifact text
table device column running_provides text
table device column running_sha256 text
table device column inventory_sha256 text
table device column generation bigint not null
table device column decided_epoch bigint not null
table device column next_decision_at bigint
table device column open_assignment_id text
table device column enrolled_at bigint not null
table device column accepted_at bigint
table device column last_seen_at bigint
table device column sort_name text not null default ''::text
table device column traits_sha256 text
table device column running_order_key text
table device column context text
table device column context_sha256 text
table device column context_at bigint
table device column habit_since bigint
table device column habit_longest bigint not null default 0
table device column habit_longest_before bigint
table device constraint device_pkey PRIMARY KEY (id)
table device constraint device_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
table device constraint device_tenant_id_product_fkey FOREIGN KEY (tenant_id, product) REFERENCES product(tenant_id, name)
CREATE INDEX device_by_name ON public.device USING btree (tenant_id, sort_name, id)
CREATE INDEX device_by_name_in_product ON public.device USING btree (tenant_id, product, sort_name, id)
CREATE INDEX device_by_running ON public.device USING btree (tenant_id, product, running_artifact, enrolled_at, id)
CREATE INDEX device_class ON public.device USING btree (tenant_id, product, state, hardware_type, running_artifact, running_sha256, traits_sha256, draw, id)
CREATE INDEX device_conflict ON public.device USING btree (tenant_id, product, id) WHERE (identity_conflict_at IS NOT NULL)
CREATE INDEX device_hardware ON public.device USING btree (tenant_id, hardware_type)
CREATE UNIQUE INDEX device_identity ON public.device USING btree (tenant_id, product, identity_sha256)
CREATE INDEX device_newest ON public.device USING btree (tenant_id, enrolled_at, id)
CREATE INDEX device_newest_in_product ON public.device USING btree (tenant_id, product, enrolled_at, id)
CREATE INDEX device_newest_in_state ON public.device USING btree (tenant_id, state, enrolled_at, id)
CREATE INDEX device_running ON public.device USING btree (tenant_id, running_artifact, enrolled_at, id)
CREATE INDEX device_seen ON public.device USING btree (tenant_id, COALESCE(last_seen_at, (0)::bigint), id, state, product)
CREATE INDEX device_updating ON public.device USING btree (tenant_id, open_assignment_id) WHERE (open_assignment_id IS NOT NULL)
table device_attribute column tenant_id text not null
table device_attribute column device_id text not null
table device_attribute column name text not null
table device_attribute column value text not null
table device_attribute column product text not null default ''::text
table device_attribute column order_key text not null default ''::text
table device_attribute constraint device_attribute_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id)
table device_attribute constraint device_attribute_pkey PRIMARY KEY (device_id, name)
CREATE INDEX device_attribute_value ON public.device_attribute USING btree (tenant_id, product, name, substr(value, 1, 128), device_id)
table device_configuration column tenant_id text not null
table device_configuration column device_id text not null
table device_configuration column desired text
table device_configuration column desired_by text
table device_configuration column desired_at bigint
table device_configuration column reported text
table device_configuration column reported_at bigint
table device_configuration constraint device_configuration_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id)
table device_configuration constraint device_configuration_pkey PRIMARY KEY (device_id)
table device_group column id text not null
table device_group column tenant_id text not null
table device_group column product text not null
table device_group column name text not null
table device_group column created_at bigint not null
table device_group column query text
table device_group constraint device_group_pkey PRIMARY KEY (id)
table device_group constraint device_group_tenant_id_product_fkey FOREIGN KEY (tenant_id, product) REFERENCES product(tenant_id, name)
CREATE UNIQUE INDEX device_group_name ON public.device_group USING btree (tenant_id, product, name)
table device_group_member column tenant_id text not null
table device_group_member column group_id text not null
table device_group_member column device_id text not null
table device_group_member constraint device_group_member_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id)
table device_group_member constraint device_group_member_group_id_fkey FOREIGN KEY (group_id) REFERENCES device_group(id) ON DELETE CASCADE
table device_group_member constraint device_group_member_pkey PRIMARY KEY (group_id, device_id)
CREATE INDEX device_group_member_device ON public.device_group_member USING btree (device_id)
table device_hold column tenant_id text not null
table device_hold column device_id text not null
table device_hold column note text not null
table device_hold column held_by text not null
table device_hold column held_at bigint not null
table device_hold column until bigint
table device_hold constraint device_hold_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id)
table device_hold constraint device_hold_pkey PRIMARY KEY (device_id)
CREATE INDEX device_hold_of_tenant ON public.device_hold USING btree (tenant_id, until)
table device_key column fingerprint text not null
table device_key column tenant_id text not null
table device_key column device_id text not null
table device_key column public_key text not null
table device_key column state text not null
table device_key column created_at bigint not null
table device_key constraint device_key_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id)
table device_key constraint device_key_pkey PRIMARY KEY (tenant_id, fingerprint)
CREATE INDEX device_key_device ON public.device_key USING btree (device_id)
CREATE INDEX device_key_pending ON public.device_key USING btree (tenant_id, device_id) WHERE (state = 'pending'::text)
table device_receipt column id text not null
table device_receipt column tenant_id text not null
table device_receipt column device_id text not null
table device_receipt column assignment_id text not null
table device_receipt column deployment_id text not null
table device_receipt column attempt integer not null
table device_receipt column outcome text not null
table device_receipt column envelope text not null
table device_receipt column problem text
table device_receipt column received_at bigint not null
table device_receipt constraint device_receipt_pkey PRIMARY KEY (id)
CREATE INDEX device_receipt_newest ON public.device_receipt USING btree (device_id, received_at, id)
CREATE UNIQUE INDEX device_receipt_of_try ON public.device_receipt USING btree (assignment_id, attempt)
table device_run column tenant_id text not null
table device_run column device_id text not null
table device_run column artifact_name text not null
table device_run column since bigint not null
table device_run column until bigint
table device_run constraint device_run_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(id)
CREATE INDEX device_run_device ON public.device_run USING btree (device_id, since)
table enrolment_token column id text not null
table enrolment_token column tenant_id text not null
table enrolment_token column product text not null
table enrolment_token column label text not null
table enrolment_token column secret_sha256 text not null
table enrolment_token column accepts integer not null
table enrolment_token column uses_max bigint not null
table enrolment_token column uses bigint not null
table enrolment_token column expires_at bigint not null
table enrolment_token column created_at bigint not null
table enrolment_token constraint enrolment_token_pkey PRIMARY KEY (id)
table enrolment_token constraint enrolment_token_tenant_id_product_fkey FOREIGN KEY (tenant_id, product) REFERENCES product(tenant_id, name)
CREATE UNIQUE INDEX enrolment_token_secret ON public.enrolment_token USING btree (tenant_id, secret_sha256)
table event column sequence bigint not null identity ALWAYS
table event column tenant_id text not null
table event column at bigint not null
table event column device_id text
table event column deployment_id text
table event column assignment_id text
table event column kind text not null
table event column body text not null
table event column written_by xid8 not null default pg_current_xact_id()
table event column chain_number bigint
table event column chain_sha256 text
table event column inputs text
table event constraint event_pkey PRIMARY KEY (sequence)
CREATE UNIQUE INDEX event_chain ON public.event USING btree (deployment_id, chain_number) WHERE (chain_number IS NOT NULL)
CREATE INDEX event_deployment ON public.event USING btree (deployment_id, sequence)
CREATE INDEX event_device ON public.event USING btree (device_id, sequence)
CREATE INDEX event_notable ON public.event USING btree (tenant_id, sequence) WHERE (kind <> ALL (ARRAY['assignment-offered'::text, 'assignment-progressed'::text, 'assignment-closed'::text, 'device-running-changed'::text, 'device-inventory-changed'::text]))
CREATE INDEX event_notable_of_deployment ON public.event USING btree (deployment_id, sequence) WHERE (kind <> ALL (ARRAY['assignment-offered'::text, 'assignment-progressed'::text, 'assignment-closed'::text, 'device-running-changed'::text, 'device-inventory-changed'::text]))
CREATE INDEX event_tenant ON public.event USING btree (tenant_id, sequence)
CREATE INDEX event_unchained ON public.event USING btree (deployment_id, sequence) WHERE ((chain_number IS NULL) AND (deployment_id IS NOT NULL) AND (kind <> ALL (ARRAY['assignment-progressed'::text, 'offer-not-signed'::text, 'receipt-invalid'::text])))
table invitation column id text not null
table invitation column tenant_id text not null
table invitation column email text not null
table invitation column role text not null
table invitation column code_sha256 text not null
table invitation column invited_by text not null
table invitation column invited_by_user text not null
table invitation column created_at bigint not null
table invitation column expires_at bigint not null
table invitation constraint invitation_pkey PRIMARY KEY (id)
table invitation constraint invitation_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
CREATE UNIQUE INDEX invitation_code ON public.invitation USING btree (code_sha256)
CREATE UNIQUE INDEX invitation_email ON public.invitation USING btree (tenant_id, email)
table migration column number integer not null
table migration column name text not null
table migration constraint migration_pkey PRIMARY KEY (number)
table operator column user_id text not null
table operator column tenant_id text not null
table operator column role text not null
table operator column created_at bigint not null
table operator column invited_by text
table operator constraint operator_pkey PRIMARY KEY (user_id)
table operator constraint operator_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
table operator constraint operator_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth_user(id) ON DELETE CASCADE
CREATE INDEX operator_tenant ON public.operator USING btree (tenant_id)
table preauthorisation column id text not null
table preauthorisation column tenant_id text not null
table preauthorisation column product text not null
table preauthorisation column key_fingerprint text not null
table preauthorisation column identity text
table preauthorisation column name text
table preauthorisation column created_at bigint not null
table preauthorisation column used_at bigint
table preauthorisation column group_ids text
table preauthorisation constraint preauthorisation_pkey PRIMARY KEY (id)
table preauthorisation constraint preauthorisation_tenant_id_product_fkey FOREIGN KEY (tenant_id, product) REFERENCES product(tenant_id, name)
CREATE UNIQUE INDEX preauthorisation_key ON public.preauthorisation USING btree (tenant_id, key_fingerprint)
CREATE INDEX preauthorisation_newest ON public.preauthorisation USING btree (tenant_id, created_at, id)
table product column tenant_id text not null
table product column name text not null
table product column title text not null
table product column require_signature integer not null
table product column artifact_keys text not null
table product column created_at bigint not null
table product constraint product_pkey PRIMARY KEY (tenant_id, name)
table product constraint product_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
table release column id text not null
table release column tenant_id text not null
table release column product text not null
table release column channel text not null
table release column version text not null
table release column notes text not null
table release column created_at bigint not null
table release column minimum_from text
table release column must_pass_through integer not null default 0
table release constraint release_pkey PRIMARY KEY (id)
table release constraint release_tenant_id_product_fkey FOREIGN KEY (tenant_id, product) REFERENCES product(tenant_id, name)
CREATE INDEX release_newest ON public.release USING btree (tenant_id, created_at, id)
CREATE INDEX release_stepping_stone ON public.release USING btree (tenant_id, product) WHERE (must_pass_through = 1)
CREATE UNIQUE INDEX release_version ON public.release USING btree (tenant_id, product, channel, version)
table safeguard column id text not null
table safeguard column tenant_id text not null
table safeguard column release_id text not null
table safeguard column query text not null
table safeguard column note text not null
table safeguard column created_by text not null
table safeguard column created_at bigint not null
table safeguard column lifted_by text
table safeguard column lifted_at bigint
table safeguard constraint safeguard_pkey PRIMARY KEY (id)
table safeguard constraint safeguard_release_id_fkey FOREIGN KEY (release_id) REFERENCES release(id) ON DELETE CASCADE
CREATE INDEX safeguard_of_release ON public.safeguard USING btree (tenant_id, release_id, lifted_at)
view signable_fleet as  SELECT device.tenant_id, device.product, count(*) AS accepted FROM device WHERE (device.state = 'accepted'::text) GROUP BY device.tenant_id, device.product;
view signable_offer as  SELECT assignment.tenant_id, assignment.device_id, assignment.id AS assignment_id, assignment.deployment_id, assignment.attempt, deployment.version, artifact.path, artifact.sha256, artifact.size_bytes FROM (((assignment JOIN device ON (((device.id = assignment.device_id) AND (device.tenant_id = assignment.tenant_id)))) JOIN deployment ON (((deployment.id = assignment.deployment_id) AND (deployment.tenant_id = assignment.tenant_id)))) JOIN artifact ON (((artifact.id = assignment.artifact_id) AND (artifact.tenant_id = assignment.tenant_id)))) WHERE ((assignment.closed_at IS NULL) AND (device.open_assignment_id = assignment.id) AND (device.state = 'accepted'::text));
view signable_trust_file as  SELECT trust_file.tenant_id, trust_file.role, trust_file.version, trust_file.content, trust_file.expires_at, trust_file.published_at FROM trust_file;
table tenant column id text not null
table tenant column name text not null
table tenant column planning_epoch bigint not null
table tenant column assignment_number bigint not null
table tenant column deployment_number bigint not null
table tenant column created_at bigint not null
table tenant column heard_since bigint
table tenant column heard_until bigint
table tenant column controller_action_number bigint not null default 0
table tenant column planning_epoch_due_at bigint
table tenant constraint tenant_pkey PRIMARY KEY (id)
table trust_file column tenant_id text not null
table trust_file column role text not null
table trust_file column version bigint not null
table trust_file column file text not null
table trust_file column content text not null
table trust_file column sha256 text not null
table trust_file column size_bytes integer not null
table trust_file column expires_at bigint not null
table trust_file column published_at bigint
table trust_file constraint trust_file_pkey PRIMARY KEY (tenant_id, role, version)
CREATE UNIQUE INDEX trust_file_name ON public.trust_file USING btree (tenant_id, file) WHERE ((published_at IS NOT NULL) AND (role <> 'timestamp'::text))
table trust_proposal column id text not null
table trust_proposal column tenant_id text not null
table trust_proposal column state text not null
table trust_proposal column note text not null
table trust_proposal column created_by text not null
table trust_proposal column created_at bigint not null
table trust_proposal column closed_at bigint
table trust_proposal constraint trust_proposal_pkey PRIMARY KEY (id)
CREATE INDEX trust_proposal_newest ON public.trust_proposal USING btree (tenant_id, created_at, id)
CREATE INDEX trust_proposal_open ON public.trust_proposal USING btree (tenant_id, state) WHERE (closed_at IS NULL)
table trust_proposal_file column tenant_id text not null
table trust_proposal_file column proposal_id text not null
table trust_proposal_file column role text not null
table trust_proposal_file column version bigint not null
table trust_proposal_file column expires_at bigint not null
table trust_proposal_file column signed text not null
table trust_proposal_file constraint trust_proposal_file_pkey PRIMARY KEY (proposal_id, role)
table trust_proposal_file constraint trust_proposal_file_proposal_id_fkey FOREIGN KEY (proposal_id) REFERENCES trust_proposal(id) ON DELETE CASCADE
table trust_proposal_signature column tenant_id text not null
table trust_proposal_signature column proposal_id text not null
table trust_proposal_signature column role text not null
table trust_proposal_signature column keyid text not null
table trust_proposal_signature column sig text not null
table trust_proposal_signature column added_by text not null
table trust_proposal_signature column added_at bigint not null
table trust_proposal_signature constraint trust_proposal_signature_pkey PRIMARY KEY (proposal_id, role, keyid)
table trust_proposal_signature constraint trust_proposal_signature_proposal_id_fkey FOREIGN KEY (proposal_id) REFERENCES trust_proposal(id) ON DELETE CASCADE
table trust_role column tenant_id text not null
table trust_role column role text not null
table trust_role column product text
table trust_role column channel text
table trust_role column version bigint not null
table trust_role column expires_at bigint not null
table trust_role column threshold integer not null
table trust_role column keyids text not null
table trust_role column target_count integer not null
table trust_role column warned text
table trust_role constraint trust_role_pkey PRIMARY KEY (tenant_id, role)
table trust_target column tenant_id text not null
table trust_target column path text not null
table trust_target column artifact_id text not null
table trust_target column role text not null
table trust_target column role_version bigint not null
table trust_target column security_counter bigint
table trust_target column conflicts text
table trust_target column min_agent text
table trust_target column not_before bigint
table trust_target constraint trust_target_pkey PRIMARY KEY (tenant_id, path)
CREATE INDEX trust_target_artifact ON public.trust_target USING btree (artifact_id)
CREATE INDEX trust_target_role ON public.trust_target USING btree (tenant_id, role)
table upload column id text not null
table upload column tenant_id text not null
table upload column user_id text not null
table upload column product text not null
table upload column channel text not null
table upload column file_name text not null
table upload column size_bytes bigint not null
table upload column received_bytes bigint not null
table upload column state text not null
table upload column release_id text
table upload column artifact_id text
table upload column created integer
table upload column problem text
table upload column created_at bigint not null
table upload column expires_at bigint not null
table upload column version text
table upload column hardware_types text
table upload constraint upload_pkey PRIMARY KEY (id)
table upload constraint upload_tenant_id_product_fkey FOREIGN KEY (tenant_id, product) REFERENCES product(tenant_id, name)
CREATE INDEX upload_end ON public.upload USING btree (state, expires_at)
CREATE INDEX upload_newest ON public.upload USING btree (tenant_id, user_id, created_at, id)
table webhook_cursor column tenant_id text not null
table webhook_cursor column webhook text not null
table webhook_cursor column sequence bigint not null
table webhook_cursor constraint webhook_cursor_pkey PRIMARY KEY (tenant_id, webhook)
table webhook_delivery column id text not null
table webhook_delivery column tenant_id text not null
table webhook_delivery column webhook text not null
table webhook_delivery column sequence bigint not null
table webhook_delivery column body text not null
table webhook_delivery column attempts integer not null
table webhook_delivery column next_at bigint not null
table webhook_delivery column created_at bigint not null
table webhook_delivery constraint webhook_delivery_pkey PRIMARY KEY (id)
CREATE INDEX webhook_delivery_due ON public.webhook_delivery USING btree (tenant_id, webhook, next_at)
