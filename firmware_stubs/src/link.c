#include "link.h"

enum { LONGEST = 254, TRAILER = 4 };

/* Where stuffed bytes go: the count before each run is known only at the run's end. */
typedef struct {
    uint8_t *out;
    size_t at;
    size_t code_at;
    uint8_t run;
} stuffing;

uint32_t ck_link_crc(const uint8_t *bytes, size_t n)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1u ? UINT32_C(0xEDB88320) : 0u);
    }
    return ~crc;
}

static void end_run(stuffing *cobs)
{
    cobs->out[cobs->code_at] = (uint8_t)(cobs->run + 1u);
    cobs->code_at = cobs->at++;
    cobs->run = 0;
}

static void stuff(stuffing *cobs, uint8_t value)
{
    /* A run of 254 ends by itself and stands for no zero: a zero behind it is a run of its own. */
    if (cobs->run == LONGEST)
        end_run(cobs);
    if (value == 0) {
        end_run(cobs);
        return;
    }
    cobs->out[cobs->at++] = value;
    cobs->run++;
}

ck_status ck_link_frame(const uint8_t *message, size_t length, uint8_t *out, size_t room, size_t *n)
{
    if (length > SIZE_MAX / 2 || room < CK_LINK_ROOM(length))
        return CK_DOES_NOT_FIT;
    stuffing cobs = {out, 2, 1, 0};
    uint32_t crc = ck_link_crc(message, length);
    out[0] = 0;
    for (size_t i = 0; i < length; i++)
        stuff(&cobs, message[i]);
    for (unsigned i = TRAILER; i-- > 0;)
        stuff(&cobs, (uint8_t)(crc >> (8 * i) & 0xFF));
    out[cobs.code_at] = (uint8_t)(cobs.run + 1u);
    out[cobs.at++] = 0;
    *n = cobs.at;
    return CK_OK;
}

ck_status ck_link_send(const ck_port *port, const uint8_t *message, size_t length, uint8_t *out, size_t room)
{
    size_t n = 0;
    ck_status status = ck_link_frame(message, length, out, room, &n);

    return status == CK_OK ? port->write(port->ctx, out, n) : status;
}
