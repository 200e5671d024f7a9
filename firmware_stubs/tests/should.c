#include "should.h"

#include <stdio.h>

static int failures;

void should(const char *what, bool held)
{
    printf("Should %s: %s\n", what, held ? "yes" : "NO");
    failures += !held;
}

int should_end(void)
{
    return failures == 0 ? 0 : 1;
}
