# shellcheck shell=sh
# Keys and certificates of everybody who signs something, made by openssl. POSIX sh, sourced.
#
#   . "$WL_SRC/tests/integration/pki.sh"
#   pki_make "$WL_WORK/pki"                      # all of the below, in one folder
#   pki_sign vendor MANIFEST.sha256 MANIFEST.sha256.p7s
#
# In the folder, NAME.pem (certificate) and NAME.key for each NAME:
#   vendor-root       the vendor's root (RSA 3072), issues
#   vendor-issuing      the issuing CA, issues                      the policy's anchor
#   vendor                the release key (RSA 3072, code signing)
#   vendor-2              a second release key (P-256, code signing)
#   vendor-tls            the same issuer, but for TLS servers      (purpose wrong)
#   vendor-weak           RSA 1024, code signing                    (key weak)
#   vendor-old            code signing, over since 2021             (expired)
#   sibling-issuing     another CA under the same root
#   sibling               its code-signing key                      (signer untrusted)
#   authority-1, authority-2   officers of the assessing authority, P-384, self-signed
#   policy-authority           signs policies, P-384, self-signed
#   lab-1                      a recipient, RSA 3072
# Dates are far from today on both sides, so a faked clock some years off still finds them valid.

PKI_FROM=20200101000000Z
PKI_TO=20591231235959Z

# pki_make DIR: makes everything; sets PKI_DIR.
pki_make() {
	PKI_DIR=$1
	mkdir -p "$PKI_DIR/ca"
	: >"$PKI_DIR/ca/index"
	echo unique_subject=no >"$PKI_DIR/ca/index.attr"
	pki_config >"$PKI_DIR/ca/config"
	pki_root vendor-root rsa:3072 "/O=Acme/CN=Acme Root" ca
	pki_issue vendor-root vendor-issuing rsa:3072 "/O=Acme/CN=Acme Issuing CA" issuing
	pki_issue vendor-root sibling-issuing rsa:3072 "/O=Acme/CN=Acme Website CA" issuing
	pki_issue vendor-issuing vendor rsa:3072 "/O=Acme/CN=Acme Release" code
	pki_issue vendor-issuing vendor-2 ec:P-256 "/O=Acme/CN=Acme Release 2" code
	pki_issue vendor-issuing vendor-tls rsa:3072 "/O=Acme/CN=update.acme.example" tls
	pki_issue vendor-issuing vendor-weak rsa:1024 "/O=Acme/CN=Acme Weak" code
	pki_issue vendor-issuing vendor-old rsa:3072 "/O=Acme/CN=Acme Old" code 20210601000000Z
	pki_issue sibling-issuing sibling rsa:3072 "/O=Acme/CN=Acme Sibling" code
	pki_root authority-1 ec:P-384 "/O=Assessing Authority/CN=Officer One" signer
	pki_root authority-2 ec:P-384 "/O=Assessing Authority/CN=Officer Two" signer
	pki_root policy-authority ec:P-384 "/O=Policy Authority/CN=Policy Authority" signer
	pki_root lab-1 rsa:3072 "/O=Laboratory/CN=Laboratory One" recipient
}

pki_config() {
	cat <<-CONFIG
		[req]
		distinguished_name = name
		prompt = no
		[name]
		[ca]
		default_ca = one
		[one]
		database = $PKI_DIR/ca/index
		new_certs_dir = $PKI_DIR/ca
		rand_serial = yes
		default_md = sha256
		policy = any
		unique_subject = no
		[any]
		organizationName = optional
		commonName = supplied
		[ext_ca]
		basicConstraints = critical,CA:TRUE
		keyUsage = critical,keyCertSign,cRLSign
		subjectKeyIdentifier = hash
		[ext_issuing]
		basicConstraints = critical,CA:TRUE,pathlen:0
		keyUsage = critical,keyCertSign,cRLSign
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
		[ext_code]
		basicConstraints = critical,CA:FALSE
		keyUsage = critical,digitalSignature
		extendedKeyUsage = codeSigning
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
		[ext_tls]
		basicConstraints = critical,CA:FALSE
		keyUsage = critical,digitalSignature
		extendedKeyUsage = serverAuth
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
		[ext_signer]
		basicConstraints = critical,CA:FALSE
		keyUsage = critical,digitalSignature
		subjectKeyIdentifier = hash
		[ext_both]
		basicConstraints = critical,CA:FALSE
		keyUsage = critical,digitalSignature,keyAgreement
		subjectKeyIdentifier = hash
		[ext_recipient]
		basicConstraints = critical,CA:FALSE
		keyUsage = critical,keyEncipherment
		subjectKeyIdentifier = hash
	CONFIG
}

# pki_key NAME ALGORITHM (rsa:BITS or ec:CURVE)
pki_key() {
	case $2 in
	rsa:*) openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa:}" -out "$PKI_DIR/$1.key" 2>/dev/null ||
		openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa:}" -out "$PKI_DIR/$1.key" 2>/dev/null ;;
	ec:*) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:${2#ec:}" -out "$PKI_DIR/$1.key" ;;
	esac
}

# pki_root NAME ALGORITHM SUBJECT EXTENSIONS: self-signed
pki_root() {
	pki_key "$1" "$2" &&
		openssl req -new -config "$PKI_DIR/ca/config" -key "$PKI_DIR/$1.key" -subj "$3" \
			-out "$PKI_DIR/ca/$1.csr" &&
		openssl ca -batch -notext -config "$PKI_DIR/ca/config" -selfsign -keyfile "$PKI_DIR/$1.key" \
			-in "$PKI_DIR/ca/$1.csr" -extensions "ext_$4" -startdate $PKI_FROM -enddate $PKI_TO \
			-out "$PKI_DIR/$1.pem" 2>"$PKI_DIR/ca/$1.log"
}

# pki_issue CA NAME ALGORITHM SUBJECT EXTENSIONS [END]
pki_issue() {
	pki_key "$2" "$3" &&
		openssl req -new -config "$PKI_DIR/ca/config" -key "$PKI_DIR/$2.key" -subj "$4" \
			-out "$PKI_DIR/ca/$2.csr" &&
		openssl ca -batch -notext -config "$PKI_DIR/ca/config" -cert "$PKI_DIR/$1.pem" \
			-keyfile "$PKI_DIR/$1.key" -in "$PKI_DIR/ca/$2.csr" -extensions "ext_$5" \
			-startdate $PKI_FROM -enddate "${6:-$PKI_TO}" -out "$PKI_DIR/$2.pem" \
			2>"$PKI_DIR/ca/$2.log"
}

# pki_sign NAME FILE OUT [OPTION…]: detached CMS, DER, binary, SHA-384, as openssl makes it
pki_sign() {
	pki_sign_name=$1 pki_sign_file=$2 pki_sign_out=$3
	shift 3
	openssl cms -sign -binary -md sha384 -in "$pki_sign_file" -signer "$PKI_DIR/$pki_sign_name.pem" \
		-inkey "$PKI_DIR/$pki_sign_name.key" -outform DER -out "$pki_sign_out" "$@"
}

# pki_certificate_sha256 NAME, pki_spki_sha256 NAME: as a policy or ticket names them
pki_certificate_sha256() {
	openssl x509 -in "$PKI_DIR/$1.pem" -outform DER | sha256sum | cut -d' ' -f1
}
pki_spki_sha256() {
	openssl x509 -in "$PKI_DIR/$1.pem" -noout -pubkey | openssl pkey -pubin -outform DER |
		sha256sum | cut -d' ' -f1
}
