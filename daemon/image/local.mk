# pictures: what reads them (worker-image), what writes and what checks them (worker-tool)
wl_image_read_libs = daemon/image/libwl_image_read.a $(wl_base_libs) $(PNG_LIBS) $(JPEG_LIBS) \
	$(TIFF_LIBS) $(ZLIB_LIBS)
wl_image_write_libs = daemon/image/libwl_image_write.a $(wl_base_libs) $(ISAL_LIBS) $(CRYPTO_LIBS)
noinst_LIBRARIES += daemon/image/libwl_image_read.a daemon/image/libwl_image_write.a
daemon_image_libwl_image_read_a_CPPFLAGS = $(AM_CPPFLAGS) $(PNG_CFLAGS) $(JPEG_CFLAGS) \
	$(TIFF_CFLAGS) $(ZLIB_CFLAGS)
daemon_image_libwl_image_read_a_SOURCES = \
	daemon/image/samples.h daemon/image/samples.c daemon/image/decode.h daemon/image/decode.c \
	daemon/image/png_chunks.h daemon/image/png_chunks.c daemon/image/decode_png.c \
	daemon/image/jpeg_segments.h daemon/image/jpeg_segments.c daemon/image/decode_jpeg.c \
	daemon/image/tiff_directory.h daemon/image/tiff_directory.c daemon/image/tiff_page.c \
	daemon/image/tiff_virtual.h daemon/image/tiff_virtual.c daemon/image/decode_tiff.c \
	daemon/image/bmp_header.h daemon/image/bmp_header.c daemon/image/bmp_rle.c \
	daemon/image/decode_bmp.c
daemon_image_libwl_image_write_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(ISAL_CFLAGS)
# -O3: the loops over samples become vectors
daemon_image_libwl_image_write_a_CFLAGS = $(AM_CFLAGS) -O3
daemon_image_libwl_image_write_a_SOURCES = \
	daemon/image/samples.h daemon/image/samples.c \
	daemon/image/encode_png.h daemon/image/encode_png.c daemon/image/mask.c \
	daemon/image/check_png.h daemon/image/check_png.c

# proofs: canaries, non-interference, other decoders, public corpora (scrub as its user runs it)
dist_check_SCRIPTS += tests/integration/scrub_hidden.py
TESTS += tests/integration/scrub_hidden.py
EXTRA_DIST += tests/integration/picture_make.py tests/integration/picture_hide.py \
	tests/integration/picture_read.py tests/integration/scrub_tools.py
