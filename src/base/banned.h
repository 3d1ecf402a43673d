/*
 * banned.h: calls that this code base never makes, turned into compile errors (after git's idea).
 * Included by every .c file through the compiler's -include, after the system headers it names.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef sprintf /* a macro of glibc under clang */
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol gmtime localtime system gets
/* warned of rather than poisoned, since OpenSSL's headers have a parameter of that name */
int rand(void) __attribute__((deprecated("use random_bytes")));
void srand(unsigned seed) __attribute__((deprecated("use random_seed_for_test, in tests")));

#endif
