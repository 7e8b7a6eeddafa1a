import { seededRandom } from "@moult/base";

/**
 * Repetitive bytes with short and long matches at near and far distances: what a decoder of any LZ format has to be
 * good at. The same on every machine, since the streams below were made from it.
 */
export function repetitiveBytes(length: number): Uint8Array {
  const random = seededRandom(7);
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    if (random.fraction() < 0.1 || at < 16) {
      bytes[at] = Math.floor(random.fraction() * 256);
      at += 1;
      continue;
    }
    const distance = 1 + Math.floor(random.fraction() ** 3 * at);
    const end = Math.min(length, at + 2 + Math.floor(random.fraction() ** 4 * 2000));
    for (; at < end; at += 1) bytes[at] = bytes[at - distance] ?? 0;
  }
  return bytes;
}

/** Bytes that do not compress. */
export function randomBytes(length: number): Uint8Array {
  const random = seededRandom(11);
  return Uint8Array.from({ length }, () => Math.floor(random.fraction() * 256));
}

const stream = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

/** Streams that xz 5.4.1 made of `repetitiveBytes(60_000)`, by the options it was given. */
export const XZ_OF_REPETITIVE_BYTES: Readonly<Record<string, Uint8Array>> = {
  "-6": stream(
    "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4OpfAzRdAAetJHy3Ty2diBhxkljhALPWV13EUuLE9lYWGJjiKP+gp9scSyYx" +
      "DqRg3gd3xQCVBam1lxy9Hdi7zZoDnH2SN1XYl/m3t+C1fz5rrvkZnT9Xad1S1LuhyZhQ4P+N5fyWA5v3sdXGXtSKtw27" +
      "bD+rF1uw/SdFRdmxObyUcvu4PKu+7jwi7O6oytXth9LSAitXg3UTCSkmVs1kpDQLOtSVFTzaJmGKNTSix6mGrCZM3LkW" +
      "0rHPeDTo0ByaxuqaxwDK76ij+ZM+eKNlkAa3Cl1wz9NFbW1qz5PxbQeazXnSa6EZXa5JdNz8wa8Dc79HOMC/uxw7eRvd" +
      "/Dl7jJw24pgHkBpHNqfgveTkJ2wnqPDZBQjOXWuMF9QkerH7wBybQwxgIJ5g/WyoR1PLuStV4mkQfQA8iwpcc3U5wo/p" +
      "pqqwoWaBXOm1wZLbMnHHcZH1/E4YZHCLOe4ixd9vegvkNTQ5iAlSygXqEVwRAn1sA0N9I8Tohw9IIRrQ3CF2eZ78NL4T" +
      "l0zc7lxazmNJswTrH76dli2Y/XkWh3pWRZ1HPEQXvOqTZuC+rca+porX3bKXuBIKTmbkUs4FN+akiOZc94Np16FUJphd" +
      "Lj8SV3p6mKrsXDYLfeZTBw16wpUr+2KxvyAXo26LS559H4w0rcKk6uXMoIQqcuT8Ky8yZA8ex/mq6q7vwO53d88kgPKt" +
      "pdoVnAmJ5nv0H4yje3CyRUSNaR9Ab9JoQEosfs+f7cN/ncU/WbLmNMgY+Q69ay0/CO7WgIE3I8Pj1pkL0ywTd2pFynhe" +
      "Isuxi95uQVp5uefsrbghI8dcyo/MqL0pg90u2aY6VdkSgTXu3CqIHYKdw403Y1Y1WV/ypralyWr9jhuT6l1b189ngbYA" +
      "JUI0oZ8xzrT7Vb+WhJxRgJyFZH0A7YqmwRHonnKzJCHhWJBgccqmfmSeCspvuorg0r8EpD4MZw5DLEsufAlZGs9QtEAw" +
      "MTPEn+aguuO5uhFf1rPsU1dDVQHdEBZ4wdOM5xl09n1dBsddxJbFtcEM6SpN20IHg+Zr+dzq34NrGOUFIwD/ej8Ghp0o" +
      "YQyU2nIReKXwbABPgWyz/z68qpJIbwAA/Pz7JC656McAAdAG4NQDAEWy+SmxxGf7AgAAAAAEWVo=",
  ),
  "-0 --check=crc32": stream(
    "/Td6WFoAAAFpIt42AgAhAQwAAACPmEGc4OpfBeBdAAetJHy3Ty2diBhxkljhALPWV13EUuLE9lYWGJjiDlUETE6k5sjd" +
      "r1YgL6edYnkJHGB0+/yFIb5Zl9hJDL/Zaob9JIkOK9sigwmosduyioT4gprVx060H8/lfR3rYMKdT1sGAnFbfVuKDzk0" +
      "rkYFgUsmeMymnWVyVzhw3lc+i6SFSO9qDfqKMTXkWqUfGLw5qNNl23f1p78mLLccUyosCOvp3FEPKUVUTNAZ4WQlXtHY" +
      "LWuVIDRbT3Ml3GJRyXq+50Su0R7uYdBmX1F7K3WXr1Kt4iaOU8Es/R/r58poTzsY+RdyzePajwkMYYDxC3CT4w08qx04" +
      "4shE/6xEg743I5s3uR93yVByGlXsTuQrzlbxZ/11ubb8MlIi7RjEeggK0ky7YAIa2h9AFi8gT1X84RcDavRiUTZEeKtB" +
      "PThdWFfWTUT4oFp9BPJonB8YKlJsrnBBjOzTjj1Dood4hO8DWbNK2ihn0B+Q+dTriyL5N5HNQml+rK7Muecf/gJbZPXl" +
      "g+nJmhMIRAv8CioEUNuQKZ7ktzGh2K1J2kkekEyuoyVqELdk7AWSXFNHiHTj41k6gPjXz8ghsv8OhdSI8BDUWhEu50/+" +
      "GaBzUteZ25SIL/GQir1aAGdX9XrufQ8ASEQxOuimYCDmwHIE05cTt8OZ/y4eHCrvzhrSHpJNRIRSyrSqCHsDv3guBaAN" +
      "IJCSK7YUWgvIvMChd7ye3/Mj12o0kRDF6Rsfc+0HnVXCeSxXnYbcFJwgOc+ATaq6YLtKtxgnNpbLpWsSVb8BLHT4bnCw" +
      "RODtTY9nUhrhHhCXCtop2bsWWSeRXIYYs8/CE8JMaahrT9vlPyzd324YnCSmxsfWvpX6cO5jPAxO27QfWihisXitTLog" +
      "XlxEEc+P4wzbcpehcKCM1arBtfiZi4wC6W9EuXrv4wQAj6ILozbl+sJekqC/h3T2Ylk4GN+id91OfO9mS7nGcYUunqtW" +
      "W3frj0YoRzBvQ78jkrOvhuh21Z2Td/+Ui6ZgmCB/F8toUcZIEB/0eNx6NgHA4/6MYSH1Xv9cR7EV676PCiIo3plilx5W" +
      "IYENSlRi+5mnyyO5NNXWIx1/9s+zhzd3reHs9BWVijlcr38NpZ0teuSC09t6wcctNFDgIR38lvexzIDaToklrlnYqmR7" +
      "FbRtg/WYVTvGVGM6WgyEKR7dqXth2kKw+0K8yXlD32iUGLQleRdUKnHdglieQo0wV0XV4K+EtTSpTGO3OJVFNpeotqAP" +
      "19VkStWHSsVesphJSrVpTSX1G0T97sfDzFiPZDfNTo+Irnk5dBYskZtHmj9jr3b/eYfNWrdJBRDmVjyxgMPowgBCLRCa" +
      "EmPH8lreGDoZTO1hWKhoN4msmAZI8Rm4ux5kc5L1czAiw03kYjBFLi/kkX93gsTeGZiQxXwfJmHO2zDF4b+w+fpPTYmu" +
      "phDlI6d/K1CRcoeneq/3Ugci2rCjv5EEwB5fgK7Hmez2HDltCTZRmj0W3ZqJ+42jIGPS7nPmQUmn7v5asyCKKD32u52B" +
      "F9QxASZQbCYo2uYW5762OjH67wE8XAtfUEk3bLJdLK4af3ZD/GM2MWH41whQumkufe84cydOeXHxAbteMAs3TtAGPFC8" +
      "9Pw+m5Mf0zW53uLU2Zj+yqM+wvZZN8+E1AjnoJIBwQ7SLP6SfyfqGkpkPRcehAH4JH3B1c6tAD6wT1QczXd8XQWBWj/I" +
      "EZS93lRHzODw+revQsgt9mcT7WirYYLpjOCkQxoaAxr4NKZI6jpMeoJbAeTTuNXu1c/KCvtYI6ypbxGcz2Qg2VVm6vBt" +
      "b5xDSzK0twIKtkVN+HOCHSnzIFPOuRWNYrUe49rNUyleahPlNgM2M2cbseNxFzvm/32npTtPpyXfEy6Isy6g1DR+5mkr" +
      "DXRyO+MhN8hwKdMoD3R8O4p+kK8Gh78sSo8WD+c1yMWLCB/1MoYMvRBrJlwDIwTx2NqKb1rbKybcH6tZkakqe5kymliX" +
      "4aR5iWc9G5enFSO7O/rtugAA6wfQjAAB+Avg1AMAr/GWOj4wDYsCAAAAAAFZWg==",
  ),
  "--block-size=25000 --check=sha256": stream(
    "/Td6WFoAAArh+wyhAgAhARYAAAB0L+Wj4GGnAWVdAAetJHy3Ty2diBhxkljhALPWV13EUuLE9lYWGJjiKP+gp9scSyYx" +
      "DqRg3gd3xQCVBam1lxy9Hdi7zZoDnH2SN1XYl/m3t+C1fz5rrvkZnT9Xad1S1LuhyZhQ4P+N5fyWA5v3sdXGXtSKtw27" +
      "bD+rF1uw/SdFRdmxObyUcvu4PKu+7jwi7O6oytXth9LSAitXg3UTCSkmVs1kpDQLOtSVFTzaJmGKNTSix6mGrCZM3LkW" +
      "0rHPeDTo0ByaxuqaxwDK76ij+ZM+eKNlkAa3Cl1wz9NFbW1qz5PxbQeazXnSa6EZXa5JdNz8wa8Dc79HOMC/uxw7eRvd" +
      "/Dl7jJw24pgHkBpHNqfgveTkJ2wnqPDZBQjOXWuMF9QkerH7wBybQwxgIJ5g/WyoR1PLuStV4mkQfQA8iwpcc3U5wo/p" +
      "pqqwoWaBXOm1wZLbMnHHcZH1/E4YZHCLOe4ixd9vegvkNTQ5iAlRmIunwAAAAAAIYmFYsLi5wOtCTl7gPD3AGFqMIDvU" +
      "Dk5QuQN5vEXGVwIAIQEWAAAAdC/lo+BhpwH9XQAerpwETwiZej9DsT9+lvdqQTk43qul73dbeom8d9zb4vBFcpA/vPVy" +
      "LI9xqveNdnlt8RYtcNSeUX0eE0Z8Rao9bkKMqawMMDndivw3q/xYjFoiM+XTF0henWtxl5p8esfnmgcjGN89LTWj+ad3" +
      "Et5oAhnR+HRBrYu5g1PMDS3ZS0oXbD6ntVqFJ5QhULjp5AA1t2aQTgNWEou+oEZvEAcq4+LORsquzQwi8NjlpAe5Qr8O" +
      "titcihmtlS6XyxCWlZue+wVz3ZljjskkIu6+14hZ9XWedsNcOKJM2AUGMsMP46b9q3cEn2gkY2O59ZB7h+6jGps43TJn" +
      "AxDY/57jNj5YWbdS15jMjCeNUHS7jYtwlJEjTdRmWRzZwjyfLxsGB5Fqtbt9Nh7c6G3tYpi+I5J3NHQbsrgsET8/Yi5G" +
      "nW9G54nL4qyybxfLicreuIuZc6c3VdU+YfgzGtYoYxE5FvZTi1aHYf5cT35was7ahBWVqmMMt5GZL+19niu1BgGRqdv7" +
      "pu6S2mEP60/wZYpaxQoqikmW8AGd+fTA5Qvj6vl7oTugMCoxEK1cKqmyk6lcO699X3K8YqU9DlnWr2JEqU78VOQUEzh9" +
      "gO1VAY/epKqEAGf1fMo2L8Wcwg53t5ftV57Qy4D9vY/PWeD+DU4zXHlDTh1t3YsdvOOb2pKFAAAAAADYzSaEyEB95qmE" +
      "rg7V0/lWLufYZvknnBntjqfpeNEp5AIAIQEWAAAAdC/lo+AnDwDmXQAT7766E+7rvRBszfe56+26rhGXOJ86n3dqIcPD" +
      "SqMlN9+nHpnMWPqQ9x9wX7Pa7uGn8Pte5fUPU933ok11re5qvbHjezytCljvEYRwPva4ggenp9M5nN12U5gFj9fl9dY1" +
      "F1QjV1E+BuaCw+P6j9EtLdHqRUgSPpwkm10kE4+ZAoX3DYJPqKIq+JKN+TTVdgUNgC6OiAidEw9LsESC4KSru1jKWt//" +
      "fNbKSlDPkDJTTwGMVJNrLrTPX7nWuT4blWcAtHb8lQcuA8jXmpBfHFrwY1D0hzxJb4p7yQUffGlCno9wsWHPAAAAAMN6" +
      "+lZRj9ZzmmyAYQbxeqBmVkhksbGDMY+ivXCQw+bpAAOZA6jDAbEEqMMBmgKQTiGzuZarCobKBAAAAAAKWVo=",
  ),
  "-T2 --block-size=25000": stream(
    "/Td6WFoAAATm1rRGA8DtAqjDASEBFgAAMYK/UuBhpwFlXQAHrSR8t08tnYgYcZJY4QCz1lddxFLixPZWFhiY4ij/oKfb" +
      "HEsmMQ6kYN4Hd8UAlQWptZccvR3Yu82aA5x9kjdV2Jf5t7fgtX8+a675GZ0/V2ndUtS7ocmYUOD/jeX8lgOb97HVxl7U" +
      "ircNu2w/qxdbsP0nRUXZsTm8lHL7uDyrvu48IuzuqMrV7YfS0gIrV4N1EwkpJlbNZKQ0CzrUlRU82iZhijU0osephqwm" +
      "TNy5FtKxz3g06NAcmsbqmscAyu+oo/mTPnijZZAGtwpdcM/TRW1tas+T8W0Hms150muhGV2uSXTc/MGvA3O/RzjAv7sc" +
      "O3kb3fw5e4ycNuKYB5AaRzan4L3k5CdsJ6jw2QUIzl1rjBfUJHqx+8Acm0MMYCCeYP1sqEdTy7krVeJpEH0APIsKXHN1" +
      "OcKP6aaqsKFmgVzptcGS2zJxx3GR9fxOGGRwiznuIsXfb3oL5DU0OYgJUZiLp8AAAAAAnGHR9etKW78DwIUEqMMBIQEW" +
      "AAA/v5Xj4GGnAf1dAB6unARPCJl6P0OxP36W92pBOTjeq6Xvd1t6ibx33Nvi8EVykD+89XIsj3Gq9412eW3xFi1w1J5R" +
      "fR4TRnxFqj1uQoyprAwwOd2K/Der/FiMWiIz5dMXSF6da3GXmnx6x+eaByMY3z0tNaP5p3cS3mgCGdH4dEGti7mDU8wN" +
      "LdlLShdsPqe1WoUnlCFQuOnkADW3ZpBOA1YSi76gRm8QByrj4s5Gyq7NDCLw2OWkB7lCvw62K1yKGa2VLpfLEJaVm577" +
      "BXPdmWOOySQi7r7XiFn1dZ52w1w4okzYBQYyww/jpv2rdwSfaCRjY7n1kHuH7qMamzjdMmcDENj/nuM2PlhZt1LXmMyM" +
      "J41QdLuNi3CUkSNN1GZZHNnCPJ8vGwYHkWq1u302Htzobe1imL4jknc0dBuyuCwRPz9iLkadb0bnicvirLJvF8uJyt64" +
      "i5lzpzdV1T5h+DMa1ihjETkW9lOLVodh/lxPfnBqztqEFZWqYwy3kZkv7X2eK7UGAZGp2/um7pLaYQ/rT/BlilrFCiqK" +
      "SZbwAZ359MDlC+Pq+XuhO6AwKjEQrVwqqbKTqVw7r31fcrxipT0OWdavYkSpTvxU5BQTOH2A7VUBj96kqoQAZ/V8yjYv" +
      "xZzCDne3l+1XntDLgP29j89Z4P4NTjNceUNOHW3dix2845vakoUAAAAAAAqMJNA+BWXuA8DuAZBOIQEWAAAA21zkLOAn" +
      "DwDmXQAT7766E+7rvRBszfe56+26rhGXOJ86n3dqIcPDSqMlN9+nHpnMWPqQ9x9wX7Pa7uGn8Pte5fUPU933ok11re5q" +
      "vbHjezytCljvEYRwPva4ggenp9M5nN12U5gFj9fl9dY1F1QjV1E+BuaCw+P6j9EtLdHqRUgSPpwkm10kE4+ZAoX3DYJP" +
      "qKIq+JKN+TTVdgUNgC6OiAidEw9LsESC4KSru1jKWt//fNbKSlDPkDJTTwGMVJNrLrTPX7nWuT4blWcAtHb8lQcuA8jX" +
      "mpBfHFrwY1D0hzxJb4p7yQUffGlCno9wsWHPAAAAAKcry4pAkvAjAAOFA6jDAZ0EqMMBhgKQTvCH9KSsJz4tBAAAAAAE" +
      "WVo=",
  ),
  "--lzma2=dict=4KiB,lc=0,lp=2,pb=0 --check=none": stream(
    "/Td6WFoAAAD/EtlBAgAhAQAAAAA3J5fW4OpfBC0SAAet7hyxVnQfeQ7laoIEt/hOb9x07j2E6PXOc8c1kriwlUq+OVhq" +
      "bc8dYUo/WGSX9A94lmUxGt9bNpfW4qNkt9q01OgEN9QZJEiJhPgbfwN4G7mcVrFgO8fKZEwb7jodNTOSlAUuSc8J6KIg" +
      "XYKnfng1bwD1kaMex8xTrYF7juRpUHvDqppPjCcI14bcifp8qK2XojJGkO+vbxMkU6YXzHYcskaIPW8nXamBV9toG1fj" +
      "YRlLNkt8UcXwqqgzurw17pH4d2XquUIfp7YG+uK6pNMvyslGL9L4sEpmV4/4+Co03tPHsk3mAmNrOAwX4qSVZ+cdQ6kC" +
      "/x70fziW+Fd+TkpI9NUJTuxBQP1Qy6t3XEDWkLwFii5LhCJBaZ9HMp/sAeIt4pfQqK3HHzC+830vNAlTByFW4C4TmuVd" +
      "hrGDRVX/kWq/Nw+IRnxKrVyQM3C6nrovrxzUneAJDg/5m6kFUvX2dQLPwHNM61myxDTsE+LMbLm/lgcdekNErCp3Clmo" +
      "A3rcIPAVWWanmCYid7ZhKGycvN7SBDumlwSU86erQZK3J6DOuI5UvCrJjDuxjbjeTIQlebGfdpTftbMSzAdfOFDQWBdR" +
      "DTPdoZ5ym05lpm3oDyOO4OMh4ueL7GDD9UXvkHQMq4LhBZe9a7z93Kq91FZC6nyYd4qUVhMoL1thndcIFB6N0guDEdv7" +
      "Sd5bUibMUSNFAF8EvMYIJyoAIGWgJBGXv3quBhNFYC9BFdo72EyTx10aCVuV5txfjB80yS6lc44L4q9ZogUp5r2I42ih" +
      "Gt5F1gRPxe1bzscB82XD/nrEQTxbG9chN5IsLjRXy72Qamz0Y8ZKL+hKPXXKeMf6w8icy0t9t/cLOMjy9SzVyx3Rg1GV" +
      "gq6hyLbYoVUUTLmXW173kCPnzrsO1FB2emDGNQKTqPNjAEnrqp7Q7maUot/wWc9mfsNiheInsJx8HKsCOXr9LJqvxXHf" +
      "v6bL5J2K9zaq7U/U73d5rVEjFkfktAisocafvnEl2v087t2/GhXBbCYiKb7S1lCDAQjWgSEt3VrOEFGZfr16ZX/v6Jb8" +
      "vjwVTvLhjRbCUjtyPewakXo0HCrYjAaBh6Q84dR1HwoBWlj6myEmLwnhgY+0Elkx76iWu0WO/hQ9/uBI2oakvxzYVlFz" +
      "3tw++05RZQKMu+zGCkd48kT5/xPkKfnM3syHpcdbabhz99YFEpEF6nfp3ZiuCuhpYqJDFBVqoZpkDHMzcDyoUT9IwFX2" +
      "fUJwJbchXdhbXAF8rSIr6WF1Gtg/nodjm5+pl1AMj3kSXWH28pLZUKSqaIkv53lJN5Ccy0gsqXJNOfiesTa06lVY8cZ7" +
      "6KYVkrXyyaIA7ccL94lbByER+LEgNtFBzCgbKqXHO6MHHPn8otAUQf63F7faQBsS3auwJT6hCMV1bH49a1l7DmQAAAAA" +
      "AAHBCODUAwAa3UNeqAAK/AIAAAAAAFla",
  ),
  "--lzma2=dict=64KiB,lc=4,lp=0,pb=4": stream(
    "/Td6WFoAAATm1rRGAgAhAQgAAADYDyMT4OpfA0C4AAetJHy3Ihf6EVwEsziOJXNaBB1yc8EZEVsd25aOxVVPuPLX4w7W" +
      "D6Vr84iR61z/sb4Lpqw4WRqaRABJmVqvkG0VLToBEnkKSpqi+nl6AWY65IhKTPCRJPESsZlMnDqkltbtX4lTe/ZT7J6H" +
      "zBh1XbyxVGiUmCGZGcq3f72fkiPbEzVwf24KLs14eo8OBDlRy0K7cv5Xa8ry6XnP/8nGfY6g29WIp13agQpCNbjP3sq/" +
      "9fQlZzK+TGRaMGaXqAgy9DBL8Md+lhiPY9jd+dxs8OJfPC2rtIRdDQEsA7zGXMkiN7cBHo2occFF9GLJXPtDdX1iep4c" +
      "JDUMTZGeSLzTp5xouUWchZDjklRQCHgBoMLhXibCHCVF+gM/kbYcAqXNldwxuDvViPdqzTp7CFRmJAVI6S9DaQcOK6yt" +
      "myAn9NU2A3ZiIvKNfGIHu37TKgKRV5a9DVxeVS8BEYoaNEame5RC4STjUnHqZezbI+aL3GcUGg0MdyiphJJQ5RmYRhGW" +
      "7GFpBGLaDGVllLNbAX23UBmia3gxL4rTTnUsh2Qo9qrWeG1NIpVVkQ++1U8bEiMwEeGnJkWcjncfVs70NBCukwC0bOvn" +
      "0H0rughDWH3k2KDxDxk0Tuu5wQPro0f1/y/op0/FcpqwG7zOYDlFY1fnf5AjyRhc9EuQsYkB/nNBAuUlJWQPy9cnB5sQ" +
      "oYRiQMFPZTnMpd0Pu7A+JyofmNTYbRDo91jPp1C+3SYCaVZXxKsvgwZP8NvqhWsc+WiSj178+qhw5q5iQvtDzbEsSHtR" +
      "i0thaISK2M9Z2xUVyLW5DNQIkk/5eNumcPdCGiM82jU+82+px5Ce4wHZY7dGY9nNAcP5uYH5lmBNivsbtoSQCHvg/Y+q" +
      "j9T1tiPEzEfVyqejTGqz0PWx3+/UOod1HHUhYhkOzup/LU2c1NoVZUud+kIVCNk7WYcsrMbPXVYPwHjoadeIObSQ9X4m" +
      "SbnrEd8nwttSd4xJX+xjPwhhEIeKj2YRBVEyBuFXc7/atJiC46a4eL64/+xZtrAsIf8LH+LHU0PAKkBv0PM8ZIZe2SQw" +
      "8+2TVSNM8MVwP+XMBusmcnSyxTqOyGqbK5ZbjNrNGgdut10A/Pz7JC656McAAdwG4NQDAD5yO16xxGf7AgAAAAAEWVo=",
  ),
};

/** Other streams of xz 5.4.1. */
export const XZ = {
  ofNothing: stream("/Td6WFoAAATm1rRGAAAAABzfRCEftvN9AQAAAAAEWVo="),
  /** Of `randomBytes(400)`: stored, not compressed. */
  ofRandomBytes: stream(
    "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQGPgoebl9mJFIebc3rXa6uuKS1GZWCVIJiTa9jOxFGfQA69+kslvliNk9gk" +
      "2dFiBhPXf4ZFgLsWpAtxovttd1oMu2vCTI5Z1ykeoZ8gXmDv2qFp65ZvToMC4U1oHxS+i4Maj5/i9pmaknwYpqb+tSIj" +
      "pfhX7GDCpxJJqX6gObdQF41hLtHvwAFu2ZGzoAB+fSnOEBX/nLTV6/sMK5hlaogMD3ZFarlpVpZf+UtyPq9Rj6QAISrS" +
      "ItExodO9zxkWvjccVxjio7iTwbRiwzo0I6ACkPfdheAOh8RA+yPgeO39Y3ZvGTAYFu+MkjvvE9ZFEHFhI18h5ZR1/lmR" +
      "i0KA8k15aCA8oQUXvSg2bsiZmqxgwexUtRUhha4Z6+ki5WK2ksj3cTlSt7QMtx9twW7yvR8YKwTxQKZKUrfBnPmNzoxk" +
      "SeYZi3CrhzCrR0wZ42YZknIzEA9k6WvnV1ibAV6Ny7Wg9KAqFiE32SchENa/BV4DOc14AQsHYIAE3uk+WRwnCGrCxWXb" +
      "eE+ep6lktHZna/dOogCyNUuWy10TZQABqAOQAwAAc2K8zrHEZ/sCAAAAAARZWg==",
  ),
  withX86Filter: stream(
    "/Td6WFoAAATm1rRGAgEEACEBFgANhjUfAQAEaGVsbG8AAAAAsTe52+XaHpsAAR0FuC2Arx+2830BAAAAAARZWg==",
  ),
  /** Of "hello", as Mender's tool asks for. */
  withDictionaryOf64MiB: stream(
    "/Td6WFoAAATm1rRGAgAhARwAAAAQz1jMAQAEaGVsbG8AAAAAsTe52+XaHpsAAR0FuC2Arx+2830BAAAAAARZWg==",
  ),
  withDictionaryOf128MiB: stream(
    "/Td6WFoAAATm1rRGAgAhAR4AAACbB1FmAQAEaGVsbG8AAAAAsTe52+XaHpsAAR0FuC2Arx+2830BAAAAAARZWg==",
  ),
  /** The older .lzma format. */
  lzmaAlone: stream("XQAAgAD//////////wA0GUnujmgh////ueAAAA=="),
};
