/* The wire form of INTERFACES 1, shared by the two halves of the codec and its tests. */
#ifndef WL_BASE_MESSAGE_WIRE_H
#define WL_BASE_MESSAGE_WIRE_H

#define WL_WIRE_MAGIC_0      'W'
#define WL_WIRE_MAGIC_1      'L'
#define WL_WIRE_VERSION      1U
#define WL_WIRE_HEADER_BYTES 16U
#define WL_WIRE_FIELD_BYTES  8U /* what stands before each value */

#endif
