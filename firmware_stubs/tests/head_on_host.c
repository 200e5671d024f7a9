/**
 * The head's loop on this computer, its line a pseudo terminal, its sensors emulated: for the agent's tests.
 *
 * usage: head_on_host INTERVAL_MS. Writes the path of the line, then takes commands from its input:
 *
 *     ohm PROBE OHMS      what hangs on probe 0 or 1 (1e9: nothing)
 *     level MILLIAMP      the transmitter's current
 *     lid 0|1             closed or open
 *     noise               bytes on the line that are no frame
 *     hang                the next reading of the level never returns
 *
 * The watchdog is an alarm of two seconds that each feeding sets anew: when it goes off the program
 * ends with 3, as a board would be reset. It ends with 0 when its input ends.
 */
#define _XOPEN_SOURCE 700
#include "emulator.h"
#include "head.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { LID = 3, WATCHDOG_S = 2, STEP_MS = 5 };

static emulator board;
static ck_port emulated;
static int line = -1;
static bool hanging;

static void starved(int signal_number)
{
    (void)signal_number;
    _exit(3);
}

static uint32_t real_ms(void *ctx)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    board.now_ms = (uint32_t)((uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u);
    return emulated.now_ms(ctx);
}

static ck_status to_terminal(void *ctx, const uint8_t *bytes, size_t n)
{
    (void)ctx;
    for (size_t sent = 0; sent < n;) {
        ssize_t now = write(line, bytes + sent, n - sent);
        if (now < 0 && errno != EINTR)
            return CK_BUS_ERROR;
        sent += now > 0 ? (size_t)now : 0;
    }
    return CK_OK;
}

static ck_status adc_read(void *ctx, uint8_t input, int32_t *microvolt)
{
    while (hanging)
        pause();
    return emulated.adc_read(ctx, input, microvolt);
}

static void feed(void *ctx)
{
    emulated.feed_watchdog(ctx);
    alarm(WATCHDOG_S);
}

/* A line of the board's own: both ends stay open, nothing is echoed, nothing is waited for. */
static void open_line(void)
{
    struct termios raw;
    int other;

    line = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (line < 0 || grantpt(line) != 0 || unlockpt(line) != 0)
        exit(2);
    other = open(ptsname(line), O_RDWR | O_NOCTTY);
    if (other < 0 || tcgetattr(other, &raw) != 0)
        exit(2);
    raw.c_iflag = raw.c_oflag = raw.c_lflag = 0;
    raw.c_cflag = CS8 | CREAD | CLOCAL;
    if (tcsetattr(other, TCSANOW, &raw) != 0)
        exit(2);
    printf("%s\n", ptsname(line));
    fflush(stdout);
}

static void obey(const char *words)
{
    unsigned probe = 0;
    double number = 0;
    static const uint8_t noise[] = {0x55, 0xAA, 0, 3, 0x11, 0, 0xFF};

    if (sscanf(words, "ohm %u %lf", &probe, &number) == 2 && probe < EMULATOR_CONVERTERS)
        board.converters[probe].ohm = number;
    else if (sscanf(words, "level %lf", &number) == 1)
        board.microvolt[0] = (int32_t)(number * 100000.0);
    else if (sscanf(words, "lid %u", &probe) == 1)
        board.high[LID] = probe == 1;
    else if (strncmp(words, "noise", 5) == 0)
        (void)to_terminal(NULL, noise, sizeof noise);
    else if (strncmp(words, "hang", 4) == 0)
        hanging = true;
}

/* Gives false when the input has ended. */
static bool listen_for(int wait_ms)
{
    static char words[80];
    static size_t n;
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    char letter;

    while (poll(&input, 1, wait_ms) > 0) {
        if (read(STDIN_FILENO, &letter, 1) != 1)
            return false;
        if (letter == '\n') {
            words[n] = '\0';
            n = 0;
            obey(words);
        } else if (n + 1 < sizeof words) {
            words[n++] = letter;
        }
        wait_ms = 0;
    }
    return true;
}

static const char *new_boot(void)
{
    static char boot[CK_BOOT_LENGTH + 1];
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    int source = open("/dev/urandom", O_RDONLY);

    if (source < 0 || read(source, boot, CK_BOOT_LENGTH) != (ssize_t)CK_BOOT_LENGTH)
        exit(2);
    close(source);
    for (unsigned i = 0; i < CK_BOOT_LENGTH; i++)
        boot[i] = letters[(unsigned char)boot[i] % 32u];
    return boot;
}

int main(int n, char **words)
{
    static ck_head head;
    ck_head_wiring wiring = {
        new_boot(), n > 1 ? (uint32_t)strtoul(words[1], NULL, 10) : 1000, 2, {"top_c", "bottom_c"},
        {{0, 3, true, 430, 100, 0}, {1, 4, true, 430, 100, 0}},
        true, {0, 100000, 0, 2, {{4000, 0}, {20000, 782000}}}, true, {LID, true, 50, 1000, 0},
    };

    board.converters[0] = converter_with(27.96, 430); /* -178 degrees */
    board.converters[1] = converter_with(20.46, 430); /* -195.5 degrees */
    board.microvolt[0] = 860000;
    emulated = emulator_port(&board);
    ck_port port = emulated;
    port.now_ms = real_ms;
    port.write = to_terminal;
    port.adc_read = adc_read;
    port.feed_watchdog = feed;
    signal(SIGALRM, starved);
    open_line();
    if (ck_head_start(&head, &wiring, &port) != CK_OK)
        return 2;
    alarm(WATCHDOG_S);
    while (listen_for(STEP_MS))
        (void)ck_head_step(&head, &port);
    return 0;
}
