/** A writer of the few CBOR items (RFC 8949) that a ck1 message is made of. */
#ifndef CK_CBOR_H
#define CK_CBOR_H

#include <stdbool.h>
#include <stdint.h>

/** Counts every byte in `at`, and keeps those that fall into out[0..room-1]. With room 0 it measures. */
typedef struct {
    uint8_t *out;
    uint32_t room;
    uint32_t at;
} ck_cbor;

/** Begins a list of n items; the items follow. */
void ck_cbor_list(ck_cbor *cbor, uint32_t n);

/** Begins a map of n pairs; the keys and values follow. */
void ck_cbor_map(ck_cbor *cbor, uint32_t n);

/** Writes a NUL-terminated text of ASCII. */
void ck_cbor_text(ck_cbor *cbor, const char *text);

/** Writes a number from 0, in as few bytes as it needs. */
void ck_cbor_count(ck_cbor *cbor, uint64_t n);

/** Writes a whole number of either sign, in as few bytes as it needs. */
void ck_cbor_whole(ck_cbor *cbor, int32_t n);

/** Writes n / 1000: whole where it is whole, else the nearest double, as a decimal literal would be read. */
void ck_cbor_thousandths(ck_cbor *cbor, int32_t n);

/** Writes true or false. */
void ck_cbor_truth(ck_cbor *cbor, bool truth);

/** Writes null. */
void ck_cbor_null(ck_cbor *cbor);

#endif
