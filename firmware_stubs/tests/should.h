/** Findings of a test program, one line each: "Should refuse a full box: yes". */
#ifndef CK_SHOULD_H
#define CK_SHOULD_H

#include <stdbool.h>

/** Prints the finding and whether it held. */
void should(const char *what, bool held);

/** The exit code for main: 0 when every finding held. */
int should_end(void);

#endif
