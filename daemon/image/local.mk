# pictures: what reads them (worker-image), what writes and what checks them (worker-tool)
wl_image_read_libs = daemon/image/libwl_image_read.a $(wl_base_libs) $(PNG_LIBS) $(JPEG_LIBS) \
	$(TIFF_LIBS) $(ZLIB_LIBS)
wl_image_write_libs = daemon/image/libwl_image_write.a $(wl_base_libs) $(ISAL_LIBS) $(CRYPTO_LIBS)
noinst_LIBRARIES += daemon/image/libwl_image_read.a daemon/image/libwl_image_write.a
daemon_image_libwl_image_read_a_CPPFLAGS = $(AM_CPPFLAGS) $(PNG_CFLAGS) $(JPEG_CFLAGS) \
	$(TIFF_CFLAGS) $(ZLIB_CFLAGS)
daemon_image_libwl_image_read_a_CFLAGS = $(AM_CFLAGS) $(WL_VECTOR_CFLAGS)
daemon_image_libwl_image_read_a_SOURCES = \
	daemon/image/samples.h daemon/image/samples.c daemon/image/rows.h daemon/image/rows.c \
	daemon/image/decode.h daemon/image/decode.c \
	daemon/image/png_chunks.h daemon/image/png_chunks.c daemon/image/decode_png.c \
	daemon/image/jpeg_segments.h daemon/image/jpeg_segments.c daemon/image/decode_jpeg.c \
	daemon/image/tiff_directory.h daemon/image/tiff_directory.c daemon/image/tiff_page.c \
	daemon/image/tiff_virtual.h daemon/image/tiff_virtual.c daemon/image/decode_tiff.c \
	daemon/image/bmp_header.h daemon/image/bmp_header.c daemon/image/bmp_rle.c \
	daemon/image/decode_bmp.c daemon/image/decode_tools.c
daemon_image_libwl_image_write_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(ISAL_CFLAGS)
daemon_image_libwl_image_write_a_CFLAGS = $(AM_CFLAGS) $(WL_VECTOR_CFLAGS)
daemon_image_libwl_image_write_a_SOURCES = \
	daemon/image/samples.h daemon/image/samples.c \
	daemon/image/encode_png.h daemon/image/encode_png.c daemon/image/mask.c \
	daemon/image/check_png.h daemon/image/check_png.c

# proofs: canaries, non-interference, other decoders, public corpora (scrub as its user runs it)
dist_check_SCRIPTS += tests/integration/scrub_hidden.py tests/integration/scrub_samples.py \
	tests/integration/scrub_corpora.py
TESTS += tests/integration/scrub_hidden.py tests/integration/scrub_samples.py \
	tests/integration/scrub_corpora.py
EXTRA_DIST += tests/integration/picture_make.py tests/integration/picture_hide.py \
	tests/integration/picture_read.py tests/integration/scrub_tools.py

# one fuzz target per decoder, and one for the checker (tests/fuzz/README)
check_PROGRAMS += tests/fuzz/replay_png tests/fuzz/replay_jpeg tests/fuzz/replay_tiff \
	tests/fuzz/replay_bmp tests/fuzz/replay_check_png
TESTS += tests/fuzz/replay_png tests/fuzz/replay_jpeg tests/fuzz/replay_tiff \
	tests/fuzz/replay_bmp tests/fuzz/replay_check_png
wl_fuzz_picture = tests/fuzz/fuzz_picture.h tests/fuzz/fuzz_picture.c
tests_fuzz_replay_png_SOURCES = tests/fuzz/fuzz_png.c $(wl_fuzz_picture) tests/fuzz/replay_main.c
tests_fuzz_replay_png_LDADD = $(wl_image_read_libs)
tests_fuzz_replay_jpeg_SOURCES = tests/fuzz/fuzz_jpeg.c $(wl_fuzz_picture) tests/fuzz/replay_main.c
tests_fuzz_replay_jpeg_LDADD = $(wl_image_read_libs)
tests_fuzz_replay_tiff_SOURCES = tests/fuzz/fuzz_tiff.c $(wl_fuzz_picture) tests/fuzz/replay_main.c
tests_fuzz_replay_tiff_LDADD = $(wl_image_read_libs)
tests_fuzz_replay_bmp_SOURCES = tests/fuzz/fuzz_bmp.c $(wl_fuzz_picture) tests/fuzz/replay_main.c
tests_fuzz_replay_bmp_LDADD = $(wl_image_read_libs)
tests_fuzz_replay_check_png_SOURCES = tests/fuzz/fuzz_check_png.c tests/fuzz/replay_main.c
tests_fuzz_replay_check_png_LDADD = $(wl_image_write_libs)
EXTRA_DIST += tests/fuzz/make_seeds_image.py
if ENABLE_FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_png tests/fuzz/fuzz_jpeg tests/fuzz/fuzz_tiff \
	tests/fuzz/fuzz_bmp tests/fuzz/fuzz_check_png
tests_fuzz_fuzz_png_SOURCES = tests/fuzz/fuzz_png.c $(wl_fuzz_picture)
tests_fuzz_fuzz_png_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_png_LDADD = $(wl_image_read_libs)
tests_fuzz_fuzz_jpeg_SOURCES = tests/fuzz/fuzz_jpeg.c $(wl_fuzz_picture)
tests_fuzz_fuzz_jpeg_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_jpeg_LDADD = $(wl_image_read_libs)
tests_fuzz_fuzz_tiff_SOURCES = tests/fuzz/fuzz_tiff.c $(wl_fuzz_picture)
tests_fuzz_fuzz_tiff_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_tiff_LDADD = $(wl_image_read_libs)
tests_fuzz_fuzz_bmp_SOURCES = tests/fuzz/fuzz_bmp.c $(wl_fuzz_picture)
tests_fuzz_fuzz_bmp_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_bmp_LDADD = $(wl_image_read_libs)
tests_fuzz_fuzz_check_png_SOURCES = tests/fuzz/fuzz_check_png.c
tests_fuzz_fuzz_check_png_LDFLAGS = $(AM_LDFLAGS) $(WL_FUZZ_LDFLAGS)
tests_fuzz_fuzz_check_png_LDADD = $(wl_image_write_libs)
endif

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_image_check tests/unit/test_image_limits
TESTS += tests/unit/test_image_check tests/unit/test_image_limits
tests_unit_test_image_check_SOURCES = tests/unit/test_image_check.c
tests_unit_test_image_check_CPPFLAGS = $(AM_CPPFLAGS) $(ZLIB_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_image_check_LDADD = $(wl_image_write_libs) $(ZLIB_LIBS) $(CMOCKA_LIBS)
tests_unit_test_image_limits_SOURCES = tests/unit/test_image_limits.c
tests_unit_test_image_limits_LDADD = $(wl_image_read_libs) $(CMOCKA_LIBS)
endif
