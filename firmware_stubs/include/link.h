/** A message on a serial line: COBS between zero bytes, with a CRC, so that noise is never a reading. */
#ifndef CK_LINK_H
#define CK_LINK_H

#include "ck_port.h"

/** The most bytes that the frame of a message of n bytes can have. */
#define CK_LINK_ROOM(n) ((n) + 4u + ((n) + 4u) / 254u + 1u + 2u)

/**
 * Writes the frame into out[0..room-1]: a zero byte, the message and its CRC-32 (as in zlib, its
 * highest byte first) stuffed after Cheshire and Baker (COBS), a zero byte. On CK_OK *n is its length.
 * CK_DOES_NOT_FIT when room is less than CK_LINK_ROOM(length): nothing is written, *n is left alone.
 */
ck_status ck_link_frame(const uint8_t *message, size_t length, uint8_t *out, size_t room, size_t *n);

/** Frames the message in out[0..room-1] and hands it to the port in one write. */
ck_status ck_link_send(const ck_port *port, const uint8_t *message, size_t length, uint8_t *out, size_t room);

/** The CRC-32 of n bytes, polynomial EDB88320 reflected, as zlib's crc32. */
uint32_t ck_link_crc(const uint8_t *bytes, size_t n);

#endif
