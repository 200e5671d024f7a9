/** Live rows as one ck1 message in CBOR: the same shape as the JSON, into a buffer of fixed size. */
#ifndef CK_FRAME_H
#define CK_FRAME_H

#include "ck_port.h"
#include "ck_reading.h"

#define CK_FRAME_ROWS 2000u
#define CK_FRAME_CHANNELS 64u
#define CK_FRAME_BYTES 131072u
#define CK_BOOT_LENGTH 12u
#define CK_KEY_LENGTH 64u
#define CK_SEQ_MAX UINT64_C(9007199254740991)

/**
 * Rows of one stream. Row i has the number seq + i and was taken at t0_ms + dt_ms[i].
 * t0_ms is milliseconds since 1970 UTC, or since the boot's own zero while clock_set is false.
 */
typedef struct {
    const char *boot; /**< 12 letters and digits, made at each start */
    uint64_t seq;
    uint64_t t0_ms;
    bool clock_set;
    bool off_known; /**< whether off_ms, the clock's known error, is sent */
    int32_t off_ms;
    uint8_t n_channels;
    const char *const *channels; /**< keys such as "top_c", each once */
    uint16_t n_rows;             /**< 0 asks the server for an answer; n_channels may then be 0 */
    const int32_t *dt_ms;
    const ck_reading *readings; /**< n_rows times n_channels, row by row */
} ck_rows;

/**
 * Writes the message into out[0..room-1]. On CK_OK *n is its length. Qualities are left out when
 * all are good. Any other status says what is wrong with the rows, or that they do not fit; then
 * nothing at all is written, and *n is left alone. Uses no floating point.
 */
ck_status ck_frame_rows(const ck_rows *rows, uint8_t *out, size_t room, size_t *n);

/**
 * Builds the message in out[0..room-1] and hands it to the port in one write.
 * CK_OK when the port took all of it; nothing is sent when the rows are refused.
 */
ck_status ck_frame_send(const ck_port *port, const ck_rows *rows, uint8_t *out, size_t room);

#endif
