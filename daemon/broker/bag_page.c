/*
 * The pages a recipient opens first.
 *
 * Runs in weighlockd. Everything variable in a page is the transfer's id, a path wl_bag_path made,
 * or a number: nothing of a source and nothing a person typed, so nothing needs escaping. Both
 * languages stand in one page, because nobody knows who will open it; they are no part of the
 * catalogue. The commands are run by tests/unit/test_bag.py as they are printed.
 */
#include "daemon/broker/bag_page.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/base/text.h"

#define STYLE                                                                                      \
	"<style>body{font-family:sans-serif;max-width:52em;margin:2em auto;padding:0 1em;"         \
	"line-height:1.45}pre{background:#eee;padding:.8em;overflow-x:auto}h2{border-top:1px "     \
	"solid "                                                                                   \
	"#999;padding-top:.6em}ul.p{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:"    \
	"1em}"                                                                                     \
	".p img{display:block;width:15em;height:auto;border:1px solid #999}"                       \
	".test{font-weight:bold;border:3px solid;padding:.6em}</style>\n"

/* Nothing may run and nothing may be fetched; pictures beside the page may be shown. */
#define POLICY                                                                                     \
	"<meta http-equiv=\"Content-Security-Policy\" content=\"script-src 'none'; object-src "    \
	"'none'; "                                                                                 \
	"connect-src 'none'; frame-src 'none'; form-action 'none'\">\n"

static void begin(FILE *out, const struct wl_bag_order *o, const char *title)
{
	(void)fprintf(
	        out,
	        "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n" POLICY
	        "<title>%s</title>\n" STYLE "</head>\n<body>\n",
	        title);
	if (o->test)
		(void)fputs(
		        "<p class=\"test\">ESSAI : ce support vient d'un poste d'essai et n'a "
		        "aucune "
		        "valeur. <span lang=\"en\">TEST: this medium comes from a test station and "
		        "is worth nothing.</span></p>\n",
		        out);
}

static void end(FILE *out)
{
	(void)fputs("</body>\n</html>\n", out);
}

/* ---- the commands, the same in both languages ---- */

static void sums(FILE *out)
{
	(void)fputs("<pre>sha256sum -c manifest-sha256.txt\nsha256sum -c "
	            "tagmanifest-sha256.txt</pre>\n",
	            out);
}

static void sums_windows(FILE *out)
{
	(void)fputs("<pre>foreach ($m in 'manifest-sha256.txt', 'tagmanifest-sha256.txt') {\n"
	            "  Get-Content $m | ForEach-Object {\n"
	            "    $d, $f = $_ -split '  ', 2\n"
	            "    if ((Get-FileHash -Algorithm SHA256 -LiteralPath $f).Hash -eq $d) "
	            "{ \"OK       $f\" } else { \"CHANGED  $f\" }\n"
	            "  }\n}</pre>\n",
	            out);
}

static void signature(FILE *out, const struct wl_bag_order *o)
{
	(void)fprintf(out,
	              "<pre>openssl cms -verify -binary -inform DER -content custody.json "
	              "-in custody.json.p7s -certfile station.pem -CAfile station.pem -purpose any "
	              "-attime %" PRId64 " -out /dev/null</pre>\n",
	              o->time);
}

static void signature_windows(FILE *out)
{
	(void)fputs(
	        "<pre>Add-Type -AssemblyName System.Security\n"
	        "$c = New-Object System.Security.Cryptography.X509Certificates.X509Certificate2 "
	        "'C:\\station.cer'\n"
	        "$i = New-Object System.Security.Cryptography.Pkcs.ContentInfo "
	        "(,[IO.File]::ReadAllBytes(\"$pwd\\custody.json\"))\n"
	        "$s = New-Object System.Security.Cryptography.Pkcs.SignedCms $i, $true\n"
	        "$s.Decode([IO.File]::ReadAllBytes(\"$pwd\\custody.json.p7s\"))\n"
	        "$x = New-Object "
	        "System.Security.Cryptography.X509Certificates.X509Certificate2Collection $c\n"
	        "$s.CheckSignature($x, $true)</pre>\n",
	        out);
}

static void decrypt(FILE *out, const struct wl_bag_order *o)
{
	const char *path = o->payload[0].path, *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int n = (int)strlen(name) - 4; /* without .p7m */

	(void)fprintf(out,
	              "<pre>openssl cms -decrypt -binary -inform DER -in %s -inkey key.pem "
	              "-out %.*s</pre>\n",
	              path, n, name);
}

static void receipt(FILE *out)
{
	(void)fputs("<pre>openssl cms -sign -binary -md sha384 -in tagmanifest-sha256.txt "
	            "-signer cert.pem -inkey key.pem -outform DER "
	            "-out tagmanifest-sha256.txt.p7s</pre>\n",
	            out);
}

/* ---- the page to read ---- */

static void french(FILE *out, const struct wl_bag_order *o)
{
	bool scrubbed = o->output == WL_BAG_SCRUBBED;

	(void)fprintf(out, "<h1>Envoi %s, %s</h1>\n<p><a href=\"#en\">English below</a></p>\n",
	              o->transfer, scrubbed ? "images épurées" : "originaux scellés");
	(void)fprintf(
	        out, "<p>Ce support contient %zu fichier(s) dans <code>data/%s/</code>. %s</p>\n",
	        o->payload_n, wl_bag_output_name(o->output),
	        scrubbed
	                ? "Chaque image a été reconstruite à partir de ses points; rien d'autre du "
	                  "fichier d'origine n'est sorti."
	                : "Chaque fichier est identique bit pour bit à celui de l'appareil et n'a "
	                  "pas été "
	                  "ouvert par le poste : ouvrez-le avec prudence.");
	if (scrubbed && !o->encrypted)
		(void)fputs("<p>Pour voir les images : <a href=\"index.html\">index.html</a>. Ce "
		            "sont des "
		            "fichiers PNG ordinaires.</p>\n",
		            out);
	(void)fputs("<p><code>custody.json</code> est le registre de possession : qui a fait "
	            "sortir quoi, "
	            "pour quel dossier, avec l'accord de qui. <code>custody.json.p7s</code> est la "
	            "signature "
	            "du poste sur ce registre, et <code>receipt.txt</code> la preuve que la remise "
	            "figure à "
	            "son registre des transferts.</p>\n"
	            "<h2>Vérifier</h2>\n<p>Dans le dossier de cette page. Le certificat du poste "
	            "(<code>station.pem</code>) ne se trouve pas sur ce support : demandez-le au "
	            "bureau qui "
	            "l'a envoyé, par une autre voie, sinon la signature ne prouve rien.</p>\n"
	            "<h3>Linux ou macOS</h3>\n",
	            out);
	sums(out);
	signature(out, o);
	(void)fputs(
	        "<h3>Windows (PowerShell)</h3>\n<p>Enregistrez le certificat du poste sous "
	        "<code>C:\\station.cer</code>. La dernière ligne ne dit rien si la signature est "
	        "bonne.</p>\n",
	        out);
	sums_windows(out);
	signature_windows(out);
	(void)fputs(
	        "<h3>Avec weighlock</h3>\n<pre>weighlock bag verify . --cert station.pem</pre>\n"
	        "<p>Les empreintes prouvent que la copie est complète et intacte; la signature, "
	        "que le "
	        "registre vient du poste. Que les fichiers sont ceux que le registre nomme, "
	        "<code>weighlock bag verify</code> le vérifie; à la main, comparez les empreintes "
	        "de "
	        "<code>manifest-sha256.txt</code> avec celles de <code>custody.json</code> "
	        "(<code>sealed_sha256</code> si le fichier est chiffré, sinon "
	        "<code>output_sha256</code>).</p>\n",
	        out);
	(void)fputs("<h2>Accuser réception</h2>\n<p>Dites au bureau l'empreinte SHA-256 de "
	            "<code>tagmanifest-sha256.txt</code>. Mieux : rendez ce fichier sur une clé, "
	            "tel quel, avec votre signature à côté. Votre certificat doit permettre de "
	            "signer et être de ceux que le bureau connaît.</p>\n",
	            out);
	receipt(out);
	if (!o->encrypted)
		return;
	(void)fputs(
	        "<h2>Déchiffrer</h2>\n<p>Chaque fichier <code>.p7m</code> est chiffré séparément "
	        "(CMS, AES-256) pour les certificats dont <code>custody.json</code> donne "
	        "l'empreinte "
	        "(<code>recipients</code>). Avec la clé privée de l'un d'eux :</p>\n",
	        out);
	decrypt(out, o);
	(void)fputs("<p>Tous à la fois, empreintes comparées :</p>\n"
	            "<pre>weighlock bag open . --key key.pem -o ../open</pre>\n",
	            out);
}

static void english(FILE *out, const struct wl_bag_order *o)
{
	bool scrubbed = o->output == WL_BAG_SCRUBBED;

	(void)fprintf(out, "<div lang=\"en\" id=\"en\">\n<h1>Bag %s, %s</h1>\n", o->transfer,
	              scrubbed ? "scrubbed pictures" : "sealed originals");
	(void)fprintf(
	        out, "<p>This medium holds %zu file(s) in <code>data/%s/</code>. %s</p>\n",
	        o->payload_n, wl_bag_output_name(o->output),
	        scrubbed
	                ? "Each picture was rebuilt from its pixels; nothing else of the original "
	                  "file left the station."
	                : "Each file is bit for bit the one from the scanner and was not opened by "
	                  "the station: open it with care.");
	if (scrubbed && !o->encrypted)
		(void)fputs("<p>To see the pictures: <a href=\"index.html\">index.html</a>. They "
		            "are ordinary "
		            "PNG files.</p>\n",
		            out);
	(void)fputs(
	        "<p><code>custody.json</code> is the custody record: who let what out, for which "
	        "case, "
	        "with whose agreement. <code>custody.json.p7s</code> is the station's signature "
	        "over "
	        "it, and <code>receipt.txt</code> the proof that the release stands in its ledger "
	        "of "
	        "transfers.</p>\n"
	        "<h2>To check</h2>\n<p>In the folder of this page. The station's certificate "
	        "(<code>station.pem</code>) is not on this medium: ask the office that sent it, by "
	        "another channel, or the signature proves nothing.</p>\n"
	        "<h3>Linux or macOS</h3>\n",
	        out);
	sums(out);
	signature(out, o);
	(void)fputs("<h3>Windows (PowerShell)</h3>\n<p>Save the station's certificate as "
	            "<code>C:\\station.cer</code>. The last line says nothing if the signature is "
	            "good.</p>\n",
	            out);
	sums_windows(out);
	signature_windows(out);
	(void)fputs(
	        "<h3>With weighlock</h3>\n<pre>weighlock bag verify . --cert station.pem</pre>\n"
	        "<p>The digests prove that the copy is complete and unchanged; the signature, that "
	        "the "
	        "record is the station's. That the files are those the record names is checked by "
	        "<code>weighlock bag verify</code>; by hand, compare the digests of "
	        "<code>manifest-sha256.txt</code> with those in <code>custody.json</code> "
	        "(<code>sealed_sha256</code> where a file is encrypted, else "
	        "<code>output_sha256</code>).</p>\n",
	        out);
	(void)fputs("<h2>To say that it arrived</h2>\n<p>Tell the office the SHA-256 of "
	            "<code>tagmanifest-sha256.txt</code>. Better: return this file on a stick, as "
	            "it is, with your signature beside it. Your certificate must allow signing and "
	            "be one that the office knows.</p>\n",
	            out);
	receipt(out);
	if (o->encrypted) {
		(void)fputs("<h2>To decrypt</h2>\n<p>Each <code>.p7m</code> file is encrypted by "
		            "itself "
		            "(CMS, AES-256) to the certificates whose digests stand in "
		            "<code>custody.json</code> (<code>recipients</code>). With the private "
		            "key of "
		            "one of them:</p>\n",
		            out);
		decrypt(out, o);
		(void)fputs("<p>All at once, digests compared:</p>\n"
		            "<pre>weighlock bag open . --key key.pem -o ../open</pre>\n",
		            out);
	}
	(void)fputs("</div>\n", out);
}

void wl_bag_page_read_me(FILE *out, const struct wl_bag_order *o)
{
	begin(out, o, "Lisez-moi / Read me");
	french(out, o);
	english(out, o);
	end(out);
}

/* ---- the pictures ---- */

void wl_bag_page_index(FILE *out, const struct wl_bag_order *o)
{
	begin(out, o, "Images / Pictures");
	(void)fprintf(out,
	              "<h1>Images, envoi %s <span lang=\"en\">/ Pictures, bag %s</span></h1>\n"
	              "<ul class=\"p\">\n",
	              o->transfer, o->transfer);
	for (size_t i = 0; i < o->payload_n; i++) {
		const char *path = o->payload[i].path, *slash = strrchr(path, '/');
		const char *name = slash ? slash + 1 : path;
		(void)fprintf(out, "<li><a href=\"%s\"><img src=\"%s\" alt=\"%s\">%s</a></li>\n",
		              path, path, name, name);
	}
	(void)fputs("</ul>\n", out);
	end(out);
}
