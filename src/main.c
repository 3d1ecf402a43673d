/* main.c: hands over to the command table in cli/. */
#include "base/macros.h"

int main(void)
{
    return 0;
}
