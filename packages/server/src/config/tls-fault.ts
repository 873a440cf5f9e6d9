/**
 * Whether an error's code says that both sides can't agree on TLS, or one does not trust the other. Node has names of its
 * own, and those of OpenSSL for what is wrong with a certificate.
 */
export function isTlsFault(code: string): boolean {
  return /^(ERR_(TLS|SSL|OSSL)_|EPROTO$|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH_)/.test(
    code,
  );
}

/** Node's advice is for whoever starts it. */
export function withoutAdvice(reason: string): string {
  return reason.replace(/; if the root CA is installed locally.*?(?= \(|$)/, '');
}
