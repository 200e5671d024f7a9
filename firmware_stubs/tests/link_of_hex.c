/** Reads messages as hexadecimal digits, a line each, and writes their frames the same way: for the tests in Python. */
#include "link.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };

static uint8_t message[MOST], frame[CK_LINK_ROOM(MOST)];

static int digit(int letter)
{
    return isdigit(letter) ? letter - '0' : tolower(letter) - 'a' + 10;
}

int main(void)
{
    static char words[2 * MOST + 2];
    size_t n = 0;

    while (fgets(words, sizeof words, stdin) != NULL) {
        size_t length = strcspn(words, "\n") / 2;
        for (size_t i = 0; i < length; i++)
            message[i] = (uint8_t)(digit(words[2 * i]) << 4 | digit(words[2 * i + 1]));
        if (ck_link_frame(message, length, frame, sizeof frame, &n) != CK_OK)
            return 1;
        for (size_t i = 0; i < n; i++)
            printf("%02x", frame[i]);
        printf("\n");
    }
    return 0;
}
