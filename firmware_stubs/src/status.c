#include "ck_port.h"

const char *ck_status_words(ck_status status)
{
    switch (status) {
    case CK_OK: return "ok";
    case CK_BUS_ERROR: return "the hardware did not answer";
    case CK_BAD_SETTING: return "a setting makes no sense";
    case CK_OUT_OF_RANGE: return "the measured quantity is out of range";
    case CK_DOES_NOT_FIT: return "the message does not fit";
    case CK_TOO_MANY: return "too many rows or channels";
    case CK_BAD_BOOT: return "boot is not 12 letters and digits";
    case CK_BAD_SEQ: return "a row number is out of range";
    case CK_BAD_TIME: return "a time is out of range";
    case CK_BAD_CHANNEL: return "a channel key is ill-formed or comes twice";
    case CK_BAD_QUALITY: return "a quality code is unknown";
    }
    return "unknown status";
}
