/* Read before every file that mypyc writes: what only errors call is rare, so the compiler puts the ways to it apart.
 * What is left is half as long, which the instruction cache and the resident memory see.
 */

#include <Python.h>

void CPyError_OutOfMemory(void) __attribute__((cold));
void CPy_TypeError(const char *expected, PyObject *value) __attribute__((cold));
void CPy_AddTraceback(const char *filename, const char *funcname, int line, PyObject *globals) __attribute__((cold));
