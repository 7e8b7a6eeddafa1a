CREATE TABLE api_key (
  id text primary key, tenant_id text not null references tenant (id),
  user_id text not null references operator (user_id) on delete cascade, name text not null, role text not null,
  start text not null, secret_sha256 text not null, created_at bigint not null, expires_at bigint,
  last_used_at bigint);
CREATE INDEX api_key_of_user on api_key (tenant_id, user_id, created_at);
CREATE UNIQUE INDEX api_key_secret on api_key (secret_sha256);
CREATE TABLE artifact (
  id text primary key, tenant_id text not null, release_id text not null references release (id), path text not null,
  sha256 text not null, size_bytes bigint not null, head_sha256 text not null, hardware_types text not null,
  depends text not null, provides text not null, clears_provides text not null, payloads text not null,
  scripts text not null, signature text not null, created_at bigint not null);
CREATE INDEX artifact_content on artifact (sha256);
CREATE INDEX artifact_release on artifact (release_id);
CREATE TABLE artifact_fit (
  tenant_id text not null, release_id text not null, hardware_type text not null, depends_sha256 text not null,
  artifact_id text not null references artifact (id) on delete cascade,
  primary key (release_id, hardware_type, depends_sha256));
CREATE TABLE assignment (
  id text primary key, tenant_id text not null, number bigint not null,
  deployment_id text not null references deployment (id), device_id text not null references device (id),
  artifact_id text, stage integer not null, state text not null, attempt integer not null,
  event_sequence bigint not null, progress_percent integer, outcome text, code text, detail text,
  offered_at bigint not null, updated_at bigint not null, closed_at bigint, deferral text, ran_before text, tries_after integer not null default 0, phase_since bigint not null default 0, site text, installation_told integer not null default 0);
CREATE UNIQUE INDEX assignment_device on assignment (deployment_id, device_id);
CREATE INDEX assignment_latest on assignment (deployment_id, updated_at, id);
CREATE UNIQUE INDEX assignment_number on assignment (tenant_id, number);
CREATE INDEX assignment_of_device on assignment (device_id, offered_at);
CREATE INDEX assignment_open on assignment (tenant_id, updated_at) where closed_at is null;
CREATE INDEX assignment_progress on assignment (deployment_id, outcome, code, stage, state, closed_at);
CREATE TABLE attempt (
  tenant_id text not null, assignment_id text not null references assignment (id), attempt integer not null,
  started_at bigint not null, finished_at bigint, outcome text, code text, detail text, signer_refusal text,
  primary key (assignment_id, attempt));
CREATE TABLE attempt_log (
  tenant_id text not null, assignment_id text not null references assignment (id), attempt integer not null,
  content text not null, primary key (assignment_id, attempt));
CREATE TABLE audit_block (
  tenant_id text not null, number bigint not null, first_sequence bigint not null, last_sequence bigint not null,
  event_count integer not null, events_sha256 text not null, sha256 text not null, sealed_at bigint not null,
  primary key (tenant_id, number));
CREATE UNIQUE INDEX audit_block_events on audit_block (tenant_id, last_sequence);
CREATE TABLE auth_account (
  id text primary key, user_id text not null references auth_user (id) on delete cascade, account_id text not null,
  provider_id text not null, access_token text, refresh_token text, id_token text, access_token_expires_at text,
  refresh_token_expires_at text, scope text, password text, created_at text not null, updated_at text not null);
CREATE INDEX auth_account_user on auth_account (user_id);
CREATE TABLE auth_session (
  id text primary key, token text not null, user_id text not null references auth_user (id) on delete cascade,
  expires_at text not null, ip_address text, user_agent text, created_at text not null, updated_at text not null);
CREATE INDEX auth_session_end on auth_session (expires_at);
CREATE UNIQUE INDEX auth_session_token on auth_session (token);
CREATE INDEX auth_session_user on auth_session (user_id);
CREATE TABLE auth_user (
  id text primary key, name text not null, email text not null, email_verified integer not null, image text,
  created_at text not null, updated_at text not null);
CREATE UNIQUE INDEX auth_user_email on auth_user (email);
CREATE TABLE auth_verification (
  id text primary key, identifier text not null, value text not null, expires_at text not null,
  created_at text not null, updated_at text not null);
CREATE INDEX auth_verification_identifier on auth_verification (identifier);
CREATE TABLE bulk_change (
  id text primary key, tenant_id text not null references tenant (id), action text not null, state text not null,
  total bigint not null, done bigint not null, changed bigint not null, unchanged bigint not null,
  refused text not null, created_by text not null, created_at bigint not null, finished_at bigint);
CREATE INDEX bulk_change_newest on bulk_change (tenant_id, created_at, id);
CREATE INDEX bulk_change_unfinished on bulk_change (state, created_at) where finished_at is null;
CREATE TABLE bulk_change_member (
  tenant_id text not null, bulk_change_id text not null references bulk_change (id) on delete cascade,
  device_id text not null, primary key (bulk_change_id, device_id));
CREATE TABLE controller (
  tenant_id text not null, controller_id text not null, device_id text not null unique references device (id),
  token_sha256 text, uses_certificate integer not null, wants_attributes integer not null,
  created_at bigint not null, primary key (tenant_id, controller_id));
CREATE TABLE controller_action (
  tenant_id text not null, number bigint not null, device_id text not null references device (id),
  assignment_id text not null references assignment (id), attempt integer not null, fetched_at bigint,
  confirmed_at bigint,
  written_at bigint, closed_at bigint, boot_id text, refused_at bigint,
  primary key (tenant_id, number), unique (assignment_id, attempt));
CREATE INDEX controller_action_of_device on controller_action (tenant_id, device_id, number);
CREATE TABLE controller_gateway (
  id text not null primary key, tenant_id text not null, product text not null, hardware_type text not null,
  label text not null, secret_sha256 text not null unique, created_at bigint not null);
CREATE INDEX controller_gateway_of_tenant on controller_gateway (tenant_id, created_at);
CREATE TABLE controller_gateway_member (
  tenant_id text not null, gateway_id text not null references controller_gateway (id),
  controller_id text not null, primary key (gateway_id, controller_id));
CREATE TABLE deployment (
  id text primary key, tenant_id text not null, number bigint not null, name text not null, product text not null,
  release_id text not null, version text not null, target_kind text not null,
  target_group_id text, plan text not null, state text not null, stage integer not null,
  salt bigint not null, trip text, admitted bigint not null, open bigint not null, succeeded bigint not null, already_running bigint not null,
  failed bigint not null, rolled_back bigint not null, rejected bigint not null, timed_out bigint not null,
  silent bigint not null, aborted bigint not null, created_by text not null, created_at bigint not null,
  finished_at bigint, census text, target_query text, waived text, stage_opened_at bigint not null default 0, rollback_of text, rollback_problems text, created_by_user text, approvals text, approved_stages integer not null default 20, offers bigint not null default 0, chain_number bigint not null default 0, chain_sha256 text not null
  default '0000000000000000000000000000000000000000000000000000000000000000', target_frozen integer not null default 0, target_terms text, offered_bytes bigint not null default 0, priority integer not null default 5, named_stages text, rollback_order text, installation_opened_at bigint, opened_with_offers bigint not null default 0, opened_with_succeeded bigint not null default 0);
CREATE UNIQUE INDEX deployment_number on deployment (tenant_id, number);
CREATE INDEX deployment_rollback on deployment (rollback_of) where rollback_of is not null;
CREATE INDEX deployment_rolled_back on deployment (tenant_id, number) where rollback_order is not null;
CREATE INDEX deployment_state on deployment (tenant_id, product, state, number);
CREATE TABLE deployment_device (
  tenant_id text not null, deployment_id text not null references deployment (id), device_id text not null,
  primary key (deployment_id, device_id));
CREATE INDEX deployment_device_device on deployment_device (device_id);
CREATE TABLE deployment_excluded (
  tenant_id text not null, deployment_id text not null references deployment (id), device_id text not null,
  primary key (deployment_id, device_id));
CREATE TABLE deployment_fact (
  tenant_id text not null, deployment_id text not null references deployment (id), sha256 text not null,
  content text not null, primary key (deployment_id, sha256));
CREATE TABLE deployment_flow (
  tenant_id text not null, deployment_id text not null references deployment (id), what text not null, at bigint not null,
  taken_before bigint not null, primary key (deployment_id, what, at));
CREATE TABLE deployment_forced (
  tenant_id text not null, deployment_id text not null references deployment (id), device_id text not null,
  forced_by text not null, forced_at bigint not null, primary key (deployment_id, device_id));
CREATE TABLE deployment_site (
  tenant_id text not null, deployment_id text not null references deployment (id), site text not null,
  open bigint not null, primary key (deployment_id, site));
CREATE TABLE device (
  id text primary key, tenant_id text not null references tenant (id), product text not null,
  hardware_type text not null, name text, identity text not null, identity_sha256 text not null,
  search_text text not null, state text not null, draw bigint not null, credential_epoch bigint not null,
  identity_conflict_at bigint, instance_id text, previous_instance_id text, traits text, running_artifact text,
  running_provides text, running_sha256 text, inventory_sha256 text, generation bigint not null,
  decided_epoch bigint not null, next_decision_at bigint, open_assignment_id text, enrolled_at bigint not null,
  accepted_at bigint, last_seen_at bigint, sort_name text not null default '', traits_sha256 text, running_order_key text, context text, context_sha256 text, context_at bigint, habit_since bigint, habit_longest bigint not null default 0, habit_longest_before bigint,
  foreign key (tenant_id, product) references product (tenant_id, name));
CREATE INDEX device_by_name on device (tenant_id, sort_name, id);
CREATE INDEX device_by_name_in_product on device (tenant_id, product, sort_name, id);
CREATE INDEX device_by_running on device (tenant_id, product, running_artifact, enrolled_at, id);
CREATE INDEX device_class on device
  (tenant_id, product, state, hardware_type, running_artifact, running_sha256, traits_sha256, draw, id);
CREATE INDEX device_conflict on device (tenant_id, product, id) where identity_conflict_at is not null;
CREATE INDEX device_hardware on device (tenant_id, hardware_type);
CREATE UNIQUE INDEX device_identity on device (tenant_id, product, identity_sha256);
CREATE INDEX device_newest on device (tenant_id, enrolled_at, id);
CREATE INDEX device_newest_in_product on device (tenant_id, product, enrolled_at, id);
CREATE INDEX device_newest_in_state on device (tenant_id, state, enrolled_at, id);
CREATE INDEX device_running on device (tenant_id, running_artifact, enrolled_at, id);
CREATE INDEX device_seen on device (tenant_id, coalesce(last_seen_at, 0), id, state, product);
CREATE INDEX device_updating on device (tenant_id, open_assignment_id) where open_assignment_id is not null;
CREATE TABLE device_attribute (
  tenant_id text not null, device_id text not null references device (id), name text not null, value text not null, product text not null default '', order_key text not null default '',
  primary key (device_id, name));
CREATE INDEX device_attribute_value on device_attribute
  (tenant_id, product, name, substr(value, 1, 128), device_id);
CREATE TABLE device_configuration (
  tenant_id text not null, device_id text not null primary key references device (id), desired text,
  desired_by text, desired_at bigint, reported text, reported_at bigint);
CREATE TABLE device_group (
  id text primary key, tenant_id text not null, product text not null, name text not null, created_at bigint not null, query text,
  foreign key (tenant_id, product) references product (tenant_id, name));
CREATE UNIQUE INDEX device_group_name on device_group (tenant_id, product, name);
CREATE TABLE device_group_member (
  tenant_id text not null, group_id text not null references device_group (id) on delete cascade,
  device_id text not null references device (id), primary key (group_id, device_id));
CREATE INDEX device_group_member_device on device_group_member (device_id);
CREATE TABLE device_hold (
  tenant_id text not null, device_id text not null primary key references device (id), note text not null,
  held_by text not null, held_at bigint not null, until bigint);
CREATE INDEX device_hold_of_tenant on device_hold (tenant_id, until);
CREATE TABLE device_key (
  fingerprint text not null, tenant_id text not null, device_id text not null references device (id),
  public_key text not null, state text not null, created_at bigint not null, primary key (tenant_id, fingerprint));
CREATE INDEX device_key_device on device_key (device_id);
CREATE INDEX device_key_pending on device_key (tenant_id, device_id) where state = 'pending';
CREATE TABLE device_receipt (
  id text primary key, tenant_id text not null, device_id text not null, assignment_id text not null,
  deployment_id text not null, attempt integer not null, outcome text not null, envelope text not null, problem text,
  received_at bigint not null);
CREATE INDEX device_receipt_newest on device_receipt (device_id, received_at, id);
CREATE UNIQUE INDEX device_receipt_of_try on device_receipt (assignment_id, attempt);
CREATE TABLE device_run (
  tenant_id text not null, device_id text not null references device (id), artifact_name text not null,
  since bigint not null, until bigint);
CREATE INDEX device_run_device on device_run (device_id, since);
CREATE TABLE enrolment_token (
  id text primary key, tenant_id text not null, product text not null, label text not null,
  secret_sha256 text not null, accepts integer not null, uses_max bigint not null, uses bigint not null,
  expires_at bigint not null, created_at bigint not null,
  foreign key (tenant_id, product) references product (tenant_id, name));
CREATE UNIQUE INDEX enrolment_token_secret on enrolment_token (tenant_id, secret_sha256);
CREATE TABLE event (
  sequence integer primary key autoincrement, tenant_id text not null, at bigint not null, device_id text,
  deployment_id text, assignment_id text, kind text not null, body text not null, chain_number bigint, chain_sha256 text, inputs text);
CREATE UNIQUE INDEX event_chain on event (deployment_id, chain_number) where chain_number is not null;
CREATE INDEX event_deployment on event (deployment_id, sequence);
CREATE INDEX event_device on event (device_id, sequence);
CREATE INDEX event_notable on event (tenant_id, sequence) where kind not in ('assignment-offered', 'assignment-progressed', 'assignment-closed',
  'device-running-changed', 'device-inventory-changed');
CREATE INDEX event_notable_of_deployment on event (deployment_id, sequence) where kind not in ('assignment-offered', 'assignment-progressed', 'assignment-closed',
  'device-running-changed', 'device-inventory-changed');
CREATE INDEX event_tenant on event (tenant_id, sequence);
CREATE INDEX event_unchained on event (deployment_id, sequence)
  where chain_number is null and deployment_id is not null
  and kind not in ('assignment-progressed', 'offer-not-signed', 'receipt-invalid');
CREATE TABLE invitation (
  id text primary key, tenant_id text not null references tenant (id), email text not null, role text not null,
  code_sha256 text not null, invited_by text not null, invited_by_user text not null, created_at bigint not null,
  expires_at bigint not null);
CREATE UNIQUE INDEX invitation_code on invitation (code_sha256);
CREATE UNIQUE INDEX invitation_email on invitation (tenant_id, email);
CREATE TABLE migration (number integer primary key, name text not null);
CREATE TABLE operator (
  user_id text primary key references auth_user (id) on delete cascade,
  tenant_id text not null references tenant (id), role text not null, created_at bigint not null, invited_by text);
CREATE INDEX operator_tenant on operator (tenant_id);
CREATE TABLE preauthorisation (
  id text primary key, tenant_id text not null, product text not null, key_fingerprint text not null, identity text,
  name text, created_at bigint not null, used_at bigint, group_ids text,
  foreign key (tenant_id, product) references product (tenant_id, name));
CREATE UNIQUE INDEX preauthorisation_key on preauthorisation (tenant_id, key_fingerprint);
CREATE INDEX preauthorisation_newest on preauthorisation (tenant_id, created_at, id);
CREATE TABLE product (
  tenant_id text not null references tenant (id), name text not null, title text not null,
  require_signature integer not null, artifact_keys text not null, created_at bigint not null,
  primary key (tenant_id, name));
CREATE TABLE release (
  id text primary key, tenant_id text not null, product text not null, channel text not null, version text not null,
  notes text not null, created_at bigint not null, minimum_from text, must_pass_through integer not null default 0,
  foreign key (tenant_id, product) references product (tenant_id, name));
CREATE INDEX release_newest on release (tenant_id, created_at, id);
CREATE INDEX release_stepping_stone on release (tenant_id, product) where must_pass_through = 1;
CREATE UNIQUE INDEX release_version on release (tenant_id, product, channel, version);
CREATE TABLE safeguard (
  id text primary key, tenant_id text not null, release_id text not null references release (id) on delete cascade,
  query text not null, note text not null, created_by text not null, created_at bigint not null,
  lifted_by text, lifted_at bigint);
CREATE INDEX safeguard_of_release on safeguard (tenant_id, release_id, lifted_at);
CREATE VIEW signable_fleet as
  select tenant_id, product, count(*) as accepted from device where state = 'accepted' group by tenant_id, product;
CREATE VIEW signable_offer as
  select assignment.tenant_id, assignment.device_id, assignment.id as assignment_id, assignment.deployment_id,
  assignment.attempt, deployment.version, artifact.path, artifact.sha256, artifact.size_bytes
  from assignment
  join device on device.id = assignment.device_id and device.tenant_id = assignment.tenant_id
  join deployment on deployment.id = assignment.deployment_id and deployment.tenant_id = assignment.tenant_id
  join artifact on artifact.id = assignment.artifact_id and artifact.tenant_id = assignment.tenant_id
  where assignment.closed_at is null and device.open_assignment_id = assignment.id and device.state = 'accepted';
CREATE VIEW signable_trust_file as
  select tenant_id, role, version, content, expires_at, published_at from trust_file;
CREATE TABLE tenant (
  id text primary key, name text not null, planning_epoch bigint not null, assignment_number bigint not null,
  deployment_number bigint not null, created_at bigint not null, heard_since bigint, heard_until bigint, controller_action_number bigint not null default 0, planning_epoch_due_at bigint);
CREATE TABLE trust_file (
  tenant_id text not null, role text not null, version bigint not null, file text not null, content text not null,
  sha256 text not null, size_bytes integer not null, expires_at bigint not null, published_at bigint,
  primary key (tenant_id, role, version));
CREATE UNIQUE INDEX trust_file_name on trust_file (tenant_id, file) where published_at is not null and role <> 'timestamp';
CREATE TABLE trust_proposal (
  id text primary key, tenant_id text not null, state text not null, note text not null, created_by text not null,
  created_at bigint not null, closed_at bigint);
CREATE INDEX trust_proposal_newest on trust_proposal (tenant_id, created_at, id);
CREATE INDEX trust_proposal_open on trust_proposal (tenant_id, state) where closed_at is null;
CREATE TABLE trust_proposal_file (
  tenant_id text not null, proposal_id text not null references trust_proposal (id) on delete cascade,
  role text not null, version bigint not null, expires_at bigint not null, signed text not null,
  primary key (proposal_id, role));
CREATE TABLE trust_proposal_signature (
  tenant_id text not null, proposal_id text not null references trust_proposal (id) on delete cascade,
  role text not null, keyid text not null, sig text not null, added_by text not null, added_at bigint not null,
  primary key (proposal_id, role, keyid));
CREATE TABLE trust_role (
  tenant_id text not null, role text not null, product text, channel text, version bigint not null,
  expires_at bigint not null, threshold integer not null, keyids text not null, target_count integer not null,
  warned text, primary key (tenant_id, role));
CREATE TABLE trust_target (
  tenant_id text not null, path text not null, artifact_id text not null, role text not null,
  role_version bigint not null, security_counter bigint, conflicts text, min_agent text, not_before bigint, primary key (tenant_id, path));
CREATE INDEX trust_target_artifact on trust_target (artifact_id);
CREATE INDEX trust_target_role on trust_target (tenant_id, role);
CREATE TABLE upload (
  id text primary key, tenant_id text not null, user_id text not null, product text not null, channel text not null,
  file_name text not null, size_bytes bigint not null, received_bytes bigint not null, state text not null,
  release_id text, artifact_id text, created integer, problem text, created_at bigint not null,
  expires_at bigint not null, version text, hardware_types text,
  foreign key (tenant_id, product) references product (tenant_id, name));
CREATE INDEX upload_end on upload (state, expires_at);
CREATE INDEX upload_newest on upload (tenant_id, user_id, created_at, id);
CREATE TABLE webhook_cursor (
  tenant_id text not null, webhook text not null, sequence bigint not null, primary key (tenant_id, webhook));
CREATE TABLE webhook_delivery (
  id text primary key, tenant_id text not null, webhook text not null, sequence bigint not null, body text not null,
  attempts integer not null, next_at bigint not null, created_at bigint not null);
CREATE INDEX webhook_delivery_due on webhook_delivery (tenant_id, webhook, next_at);
