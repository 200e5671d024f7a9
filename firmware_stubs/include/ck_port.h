/** What the firmware asks of a microcontroller, and the one answer that every function gives. */
#ifndef CK_PORT_H
#define CK_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How a call went. Everything but CK_OK leaves the caller's results alone. */
typedef enum {
    CK_OK = 0,
    CK_BUS_ERROR,    /**< the hardware did not answer */
    CK_BAD_SETTING,  /**< a wiring or limit makes no sense */
    CK_OUT_OF_RANGE, /**< a measured quantity lies where no probe can be */
    CK_DOES_NOT_FIT, /**< the message is larger than its buffer, or than 128 KiB */
    CK_TOO_MANY,     /**< more than 2,000 rows or 64 channels */
    CK_BAD_BOOT,     /**< boot is not 12 letters and digits */
    CK_BAD_SEQ,      /**< a row number is outside 1 to 2^53 - 1 */
    CK_BAD_TIME,     /**< a time is outside 2000 to 2100, or before the boot's own zero */
    CK_BAD_CHANNEL,  /**< a channel key is ill-formed or comes twice */
    CK_BAD_QUALITY   /**< a quality code is not one of ck1's */
} ck_status;

/** Says a status in words for a log; never NULL, and "unknown status" for any other number. */
const char *ck_status_words(ck_status status);

/** The board: each function gets `ctx` back as its first argument. None may be NULL. */
typedef struct {
    void *ctx;
    /** Reads one input. On CK_OK *high is its level; otherwise it is left alone. */
    ck_status (*gpio_read)(void *ctx, uint8_t pin, bool *high);
    /**
     * Exchanges n bytes with one SPI device, chip select held: out[i] is sent while in[i] is read.
     * On CK_OK all n were exchanged. `device` is the board's own number of the chip select.
     */
    ck_status (*spi_exchange)(void *ctx, uint8_t device, const uint8_t *out, uint8_t *in, size_t n);
    /** Reads one analogue input. On CK_OK *microvolt is what stands there; otherwise it is left alone. */
    ck_status (*adc_read)(void *ctx, uint8_t input, int32_t *microvolt);
    /** Milliseconds since some moment of this boot; wraps from 2^32 - 1 to 0 and never jumps. */
    uint32_t (*now_ms)(void *ctx);
    /** Sends these bytes to the agent or broker: CK_OK when all were taken, else CK_BUS_ERROR. */
    ck_status (*write)(void *ctx, const uint8_t *bytes, size_t n);
    /** Tells the hardware watchdog that all is well. Without it the board is reset after a few seconds. */
    void (*feed_watchdog)(void *ctx);
} ck_port;

#endif
