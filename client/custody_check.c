/*
 * The last part of the page of custody: what somebody needs who believes neither the station nor
 * this program, and what to type, with tools of any GNU system.
 *
 * Key, checkpoint, receipt and entry are given whole, to be copied into files. They are the
 * station's own, in ASCII but for the dash of a signed note; still everything is escaped. The
 * commands are weighlock-verify(1)'s for the signature and RFC 9162, 2.1.3.2 for the proof.
 */
#include "client/custody.h"
#include "client/html.h"
#include "client/say.h"

static const char recipe[] =
        "# 1. the signature of the checkpoint\n"
        "{ printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'\n"
        "  cut -d+ -f3- vkey | base64 -d | tail -c 32; } > key.der &&\n"
        "sed '1,/^$/d' receipt > checkpoint &&\n"
        "sed '/^$/,$d' checkpoint > text &&\n"
        "sed '1,/^$/d' checkpoint | head -n 1 | cut -d' ' -f3 | base64 -d | tail -c 64 > sig &&\n"
        "openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in text -sigfile sig\n"
        "\n"
        "# 2. the entry is in the ledger that was signed\n"
        "n=$(sed -n 's/^index //p' receipt) s=$(($(sed -n 2p checkpoint) - 1))\n"
        "hash() { tr a-f A-F | basenc --base16 -d | sha256sum | cut -c1-64; }\n"
        "r=$({ printf '\\000'; printf %s \"$(cat entry)\"; } | sha256sum | cut -c1-64)\n"
        "for p in $(sed '/^$/,$d; 1,2d' receipt); do\n"
        "  p=$(printf %s \"$p\" | base64 -d | od -An -v -tx1 | tr -d ' \\n')\n"
        "  if [ $((n % 2)) = 1 ] || [ $n = $s ]; then\n"
        "    r=$(printf %s \"01$p$r\" | hash)\n"
        "    while [ $((n % 2)) = 0 ] && [ $n != 0 ]; do n=$((n / 2)) s=$((s / 2)); done\n"
        "  else\n"
        "    r=$(printf %s \"01$r$p\" | hash)\n"
        "  fi\n"
        "  n=$((n / 2)) s=$((s / 2))\n"
        "done\n"
        "r=$(printf %s \"$r\" | tr a-f A-F | basenc --base16 -d | base64)\n"
        "[ $s = 0 ] && [ \"$r\" = \"$(sed -n 3p checkpoint)\" ] && echo 'the entry is in it' ||\n"
        "  echo 'NOT PROVED'\n";

/* To be copied into a file of that name. */
static void put_file(FILE *out, const char *name, const char *text)
{
	(void)fprintf(out, "<p><code>%s</code>:</p>\n<pre id=\"%s\">", name, name);
	wl_html_lines(out, text);
	(void)fputs("</pre>\n", out);
}

static void put_value(FILE *out, const char *french, const char *english, const char *text)
{
	if (!text[0])
		return;
	(void)fputs("<p>", out);
	wl_html_both(out, french, english);
	(void)fputs(": <code>", out);
	wl_html_text(out, text);
	(void)fputs("</code></p>\n", out);
}

void wl_custody_check(FILE *out, const struct wl_custody *c, const struct wl_custody_papers *p)
{
	(void)fputs("<h2>", out);
	wl_html_both(out, "Vérifier sans ce poste ni ce logiciel",
	             "Checking it without this station or this program");
	(void)fputs("</h2>\n<p>", out);
	wl_html_both(
	        out,
	        "Copiez chaque texte dans un fichier de ce nom, puis tapez les commandes. "
	        "L'empreinte "
	        "de la clé doit être celle de la carte du poste signée par deux personnes. Les "
	        "autres inscriptions se comparent, par leur numéro et leur empreinte, avec un "
	        "envoi "
	        "du registre vérifié par weighlock-verify.",
	        "Copy each text into a file of that name, then type the commands. The key's "
	        "fingerprint must be that of the station's card, which two persons signed. The "
	        "other "
	        "entries are compared, by number and digest, with an export of the ledger that "
	        "weighlock-verify checked.");
	(void)fputs("</p>\n", out);
	put_value(out, "Empreinte de la clé du registre", "Fingerprint of the ledger's key",
	          p->fingerprint);
	put_value(out, "Certificat du poste, SHA-256", "Certificate of the station, SHA-256",
	          p->certificate_sha256);
	put_file(out, "vkey", p->vkey);
	put_file(out, "entry", wl_member_text(c->proved, "text"));
	put_file(out, "receipt", p->receipt);
	(void)fputs("<pre id=\"commands\">", out);
	wl_html_lines(out, recipe);
	(void)fputs("</pre>\n<p>", out);
	wl_html_both(out, "État du registre à l'impression", "The ledger when this was printed");
	(void)fputs(":</p>\n<pre id=\"now\">", out);
	wl_html_lines(out, p->checkpoint);
	(void)fputs("</pre>\n", out);
	if (!p->cosigned[0])
		return;
	(void)fputs("<p>", out);
	wl_html_both(out, "Dernier état contresigné par un vérificateur",
	             "Last state an auditor countersigned");
	(void)fputs(":</p>\n<pre id=\"cosigned\">", out);
	wl_html_lines(out, p->cosigned);
	(void)fputs("</pre>\n", out);
}
