# shellcheck shell=sh
# The demonstration's pictures: made here with netpbm, libjpeg-turbo's, libtiff's tools and exiftool,
# taken out through the station, and judged with tools nobody here wrote. POSIX sh, sourced by
# demo.sh, whose words (head1, row, refused, blank, show_run) it uses.

CASE=2026-FA-0311

# what the scanner's menu writes onto its stick: {date}/{scan}_{view}
make_pictures() {
	DEMO_SCANS=$WL_WORK/scans/20261116
	mkdir -p "$DEMO_SCANS"
	pgmramp -ellipse -maxval=65535 640 480 | pnmtopng >"$DEMO_SCANS/118820_A.png" 2>/dev/null
	ppmpat -madras -randomseed=7 800 600 >"$WL_WORK/colour.ppm" 2>/dev/null
	cjpeg -quality 90 "$WL_WORK/colour.ppm" >"$DEMO_SCANS/118821_A.jpg"
	exiftool -q -overwrite_original -GPSLatitude=45.0075 -GPSLatitudeRef=N -GPSLongitude=72.0947 -GPSLongitudeRef=W \
		-GPSDateStamp=2026:11:16 -Artist="Operator 7" -Make=Acme -Model=X100 -SerialNumber=X-0042 \
		-UserComment="traveller's name" -XMP:Creator="Operator 7" "$DEMO_SCANS/118821_A.jpg"
	exiftool -q -overwrite_original -XMP:Creator="Operator 7" -PNG:Comment="lane 3" "$DEMO_SCANS/118820_A.png"
	for page in 1 2 3; do
		pgmramp -lr -maxval=65535 "$((200 + page))" 150 | pamtotiff -quiet >"$WL_WORK/page$page.tif"
	done
	tiffcp -c lzw "$WL_WORK/page1.tif" "$WL_WORK/page2.tif" "$WL_WORK/page3.tif" "$DEMO_SCANS/118822_A.tif"
	ppmtobmp -quiet "$WL_WORK/colour.ppm" >"$DEMO_SCANS/118823_A.bmp" 2>/dev/null
	head -c 20000 "$DEMO_SCANS/118821_A.jpg" >"$DEMO_SCANS/118824_A.jpg"
	{ printf 'XRAYIMG\n'; head -c 50000 /dev/urandom; } >"$DEMO_SCANS/118825_A.img"
	cp "$DEMO_SCANS/118820_A.png" "$DEMO_SCANS/118830_A.png" # of somebody else
	for source in "$DEMO_SCANS"/*; do [ -s "$source" ] || wl_fail "$source was not made"; done
	wl_fat_make "$(wl_stick_file scanner)" 64 SCANNER
	wl_fat_mkdir "$(wl_stick_file scanner)" 20261116
	wl_fat_put "$(wl_stick_file scanner)" "$DEMO_SCANS" 20261116
	wl_fat_litter "$(wl_stick_file scanner)"
}

# take_out STICK: what lies on it, with mtools, into $WL_WORK/bag-KIND
take_out() {
	rm -rf "$WL_WORK/taken"
	mkdir "$WL_WORK/taken"
	MTOOLS_SKIP_CHECK=1 mcopy -s -n -Q -i "$(wl_stick_file "$1")@@1M" '::*' "$WL_WORK/taken/"
	mv "$WL_WORK/taken" "$WL_WORK/bag-$(ls "$WL_WORK/taken/data")"
}

# standard_tools KIND: the bag, as its recipient checks it with nothing of ours
standard_tools() {
	tell "the $1 bag: $(find "$WL_WORK/bag-$1/data" -type f | wc -l) files, $(du -sh "$WL_WORK/bag-$1" | cut -f1)"
	wl_check "sha256sum -c of every file of the $1 bag" sh -c \
		"cd '$WL_WORK/bag-$1' && sha256sum --quiet -c manifest-sha256.txt tagmanifest-sha256.txt"
	wl_check "openssl cms -verify of its custody record" openssl cms -verify -binary -inform DER \
		-content "$WL_WORK/bag-$1/custody.json" -in "$WL_WORK/bag-$1/custody.json.p7s" \
		-certfile "$DEMO_STATION" -CAfile "$DEMO_STATION" -purpose any -out /dev/null
}

# What exiftool finds besides the picture itself: one line each.
exif_of() {
	exiftool -a -G1 -s -All "$@" | grep -E '^\[(GPS|IFD0|ExifIFD|IFD1|XMP[-a-z]*|IPTC|ICC[-a-z_]*|PNG)\]' |
		grep -Ev '\] +(ImageWidth|ImageHeight|BitDepth|ColorType|Compression|Filter|Interlace) '
}

pictures_export() {
	head1 "7. Pictures out for a case: what the scanner's stick says"
	make_pictures
	exif_of "$DEMO_SCANS/118821_A.jpg" | grep -E 'GPS(Lat|Long)|Artist|Comment|Creator|Serial' >"$WL_OUT"
	show_run
	grep -q 'GPSLatitude ' "$WL_OUT" && wl_pass "exiftool finds where the JPEG was taken, and by whom" || wl_fail "no GPS in the source"
	head1 "   One reading, two outputs: scrubbed pictures, and evidence sealed bit for bit"
	wl_stick_insert scanner a1
	wl_run wl_cli $SCN_INVEST export --no-wait --device x-0042 --case $CASE --authority ca-107-5-a \
		--reference "letter 2026-11-20" --requester "Crown counsel" --tip off --scans 118820..118825 \
		--as scrubbed --as evidence --clock "$(date -u '+%Y-%m-%d %H:%M')" --port a1
	show_run
	TRANSFER=$(grep -o "$SCN_STATION-T[0-9]*" "$WL_OUT" | head -n 1)
	wl_stick_pull a1
	[ "$WL_STATUS" -eq 4 ] && grep -q PRESERVED "$WL_OUT" && wl_pass "preserved, and held for another person" ||
		wl_fail "export ended with $WL_STATUS, not 4 (held)"
	head1 "   What was refused, and why"
	wl_run wl_cli $SCN_INVEST show "$TRANSFER" --refused
	show_run
	refused_picture 118824_A.jpg "damaged JPEG, scrubbed" image.truncated
	refused_picture 118825_A.img "unknown picture, scrubbed" image.format
}

# refused_picture FILE WHAT RULE: `show --refused` lists it with its rule
refused_picture() {
	if grep -F "$1" "$WL_OUT" | grep -qF "$3"; then
		wl_pass "$2: refused, $3"
		row "$2" "refused" "$3"
	else
		wl_fail "$2 is not refused by $3"
		row "$2" "NOT REFUSED" "expected $3"
	fi
}

pictures_release() {
	head1 "   Another person accepts by name that some are missing"
	wl_run wl_cli $SCN_APPR approve "$TRANSFER" --yes
	refused "approving it as if it were whole" approval.not-accepted
	wl_check "approve, accepting transfer.incomplete by name" wl_cli $SCN_APPR approve "$TRANSFER" \
		--accept transfer.incomplete --yes
	show_run
	for stick in pictures evidence; do
		wl_stick_new $stick 64 b1
		wl_check "prepare a stick" wl_cli $SCN_INVEST prepare b1 --for x-0042 --yes
		head1 "   Released onto a stick of its own: $stick"
		wl_run wl_cli $SCN_INVEST release "$TRANSFER" --port b1 --no-wait
		show_run
		case $WL_STATUS in 0 | 4) wl_pass "release" ;; *) wl_fail "release: status $WL_STATUS" ;; esac
		wl_stick_pull b1
		dd if="$(wl_stick_file $stick)" of="$WL_WORK/volume.img" bs=1M skip=1 status=none conv=sparse
		wl_check "fsck.fat finds nothing on it" fsck.fat -n "$WL_WORK/volume.img"
		take_out $stick
	done
}

pictures_judged() {
	head1 "   At the recipient's, with standard tools only"
	DEMO_STATION=$WL_WORK/station.pem
	cp "$WL_STATE/var/lib/weighlock-ledger/station.pem" "$DEMO_STATION"
	standard_tools scrubbed
	standard_tools evidence
	exif_of "$WL_WORK"/bag-scrubbed/data/scrubbed/*.png >"$WL_OUT"
	[ ! -s "$WL_OUT" ] && wl_pass "exiftool finds nothing in the pictures that left" || wl_fail "exiftool finds something"
	pngcheck -q "$WL_WORK"/bag-scrubbed/data/scrubbed/*.png >"$WL_OUT" 2>&1 && wl_pass "pngcheck takes every one" || wl_fail pngcheck
	# the pixels: every sample of the 16-bit PNG and of the BMP is in exactly one picture that left
	for source in "$DEMO_SCANS/118820_A.png" "$DEMO_SCANS/118823_A.bmp"; do
		case $source in *.png) pngtopnm "$source" ;; *) bmptopnm -quiet "$source" ;; esac 2>/dev/null | sha256sum
	done | sort >"$WL_WORK/samples"
	[ "$(ls "$WL_WORK"/bag-scrubbed/data/scrubbed | wc -l)" -eq 6 ] && wl_pass "six pictures: three are pages of one file" ||
		wl_fail "not six pictures"
	for picture in "$WL_WORK"/bag-scrubbed/data/scrubbed/*.png; do pngtopnm "$picture" | sha256sum; done | sort >"$WL_WORK/left"
	[ "$(comm -12 "$WL_WORK/samples" "$WL_WORK/left" | wc -l)" -eq 2 ] &&
		wl_pass "netpbm: the samples are the sources', to the last of 16 bits" || wl_fail "samples differ"
	sha256sum "$DEMO_SCANS"/11882[0-5]_* | cut -c1-64 | sort >"$WL_WORK/samples"
	sha256sum "$WL_WORK"/bag-evidence/data/evidence/* | cut -c1-64 | sort >"$WL_WORK/left"
	wl_check "the evidence is equal, bit for bit" cmp "$WL_WORK/samples" "$WL_WORK/left"
	for kind in scrubbed evidence; do
		wl_check "the recipient acknowledges the $kind bag" wl_cli $SCN_INVEST acknowledge "$TRANSFER" --by "Crown counsel" \
			--digest "$(sha256sum "$WL_WORK/bag-$kind/tagmanifest-sha256.txt" | cut -c1-64)"
	done
	row "pictures of 4 scans, scrubbed" "released" "held: transfer.incomplete, accepted by name"
	row "6 originals, as evidence" "released" "pass.evidence-sealed; acknowledged"
	row "a picture nobody asked for" "left behind" "leave.not-asked-for"
	wl_check "what left for the case" wl_cli $SCN_APPR report disclosures --case $CASE
	show_run
	cp "$(wl_stick_file pictures)" "$RESULTS/pictures.img"
	cp -r "$WL_WORK/bag-scrubbed" "$RESULTS/bag"
	cp "$DEMO_SCANS/118821_A.jpg" "$RESULTS/source.jpg"
}

pictures() {
	pictures_export
	pictures_release
	pictures_judged
}
