/*
 * What the fuzz targets of decoders share: one page after another into a memory file. A decoder may
 * refuse with a rule of pictures, or fill every sample; nothing else.
 */
#ifndef WL_FUZZ_PICTURE_H
#define WL_FUZZ_PICTURE_H

#include "daemon/image/decode.h"

/* Aborts where the decoder breaks its word. Sides are held below 2048 pixels, for speed. */
void wl_fuzz_picture(wl_decoder *decode, const uint8_t *data, size_t size);

#endif
