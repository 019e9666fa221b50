/* An entry of a stream packed into its block, in C: the twin of append_entry_in_python in
 * miniredis/datatypes/stream_entries.py, which says how an entry looks and serves where there is no C compiler.  The
 * tests hold the two against each other.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#define SAME_FIELDS 2

static int
varint_size(unsigned long long number)
{
    int size = 1;
    while (number >= 128) {
        number >>= 7;
        size++;
    }
    return size;
}

static char *
put_varint(char *at, unsigned long long number)
{
    while (number >= 128) {
        *at++ = (char)((number & 127) | 128);
        number >>= 7;
    }
    *at++ = (char)number;
    return at;
}

static Py_ssize_t
integer_size(long long number)
{
    if (number >= 0 && number <= 127)
        return 2;
    if (number >= -4096 && number <= 4095)
        return 3;
    if (number >= -32768 && number <= 32767)
        return 4;
    if (number >= -8388608 && number <= 8388607)
        return 5;
    if (number >= -2147483648LL && number <= 2147483647LL)
        return 6;
    return 10;
}

/* Whether the bytes are the shortest decimal spelling of an integer of 64 bits. */
static int
is_integer(const char *data, Py_ssize_t length, long long *number)
{
    int is_negative = data[0] == '-';
    unsigned long long value = 0;
    Py_ssize_t at = is_negative;
    if (length > 20 || at == length || data[at] < '0' || data[at] > '9' || (data[at] == '0' && length > 1))
        return 0;
    if (length - at > 19)
        return 0; /* no number of 64 bits with a sign has more digits */
    for (; at < length; at++) {
        if (data[at] < '0' || data[at] > '9')
            return 0;
        value = value * 10 + (unsigned long long)(data[at] - '0'); /* 19 digits fit */
    }
    if (value > 9223372036854775807ULL + is_negative)
        return 0;
    *number = is_negative ? (long long)(0 - value) : (long long)value;
    return 1;
}

/* Bytes of an element in a listpack, its back length included. */
static Py_ssize_t
element_size(PyObject *element)
{
    Py_ssize_t length = PyBytes_GET_SIZE(element), size;
    long long number;
    if (length == 0)
        return 2;
    if (is_integer(PyBytes_AS_STRING(element), length, &number))
        return integer_size(number);
    if (length < 64)
        return length + 2;
    size = length < 4096 ? length + 2 : length + 5;
    if (size <= 127)
        return size + 1;
    if (size < 16384)
        return size + 2;
    if (size < 2097152)
        return size + 3;
    return size < 268435456 ? size + 4 : size + 5;
}

static int
has_fields(PyObject *items, PyObject *fields)
{
    Py_ssize_t count = PyList_GET_SIZE(fields), at;
    if (PyList_GET_SIZE(items) != 2 * count)
        return 0;
    for (at = 0; at < count; at++) {
        PyObject *field = PyList_GET_ITEM(fields, at), *item = PyList_GET_ITEM(items, 2 * at);
        Py_ssize_t length = PyBytes_GET_SIZE(field);
        if (field != item && (PyBytes_GET_SIZE(item) != length ||
                              memcmp(PyBytes_AS_STRING(field), PyBytes_AS_STRING(item), (size_t)length) != 0))
            return 0;
    }
    return 1;
}

static int
are_bytes(PyObject *list)
{
    Py_ssize_t at;
    if (!PyList_CheckExact(list))
        return 0;
    for (at = 0; at < PyList_GET_SIZE(list); at++)
        if (!PyBytes_CheckExact(PyList_GET_ITEM(list, at)))
            return 0;
    return 1;
}

/* append_entry(data, ms, seq, fields, items) */
static PyObject *
append_entry(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    PyObject *data, *fields, *items;
    unsigned long long ms, seq;
    Py_ssize_t at, length, before, body = 0, size = 0, words, step;
    int same;
    char *to;
    if (count != 5 || !PyByteArray_CheckExact(args[0]) || !are_bytes(args[3]) || !are_bytes(args[4])) {
        PyErr_SetString(PyExc_TypeError, "append_entry takes a bytearray, two numbers and two lists of bytes");
        return NULL;
    }
    data = args[0];
    fields = args[3];
    items = args[4];
    ms = PyLong_AsUnsignedLongLong(args[1]);
    if (ms == (unsigned long long)-1 && PyErr_Occurred())
        return NULL;
    seq = PyLong_AsUnsignedLongLong(args[2]);
    if (seq == (unsigned long long)-1 && PyErr_Occurred())
        return NULL;
    words = PyList_GET_SIZE(items);
    same = has_fields(items, fields);
    step = same ? 2 : 1;
    for (at = same; at < words; at += step) {
        PyObject *item = PyList_GET_ITEM(items, at);
        length = PyBytes_GET_SIZE(item);
        body += varint_size((unsigned long long)length) + length;
        size += element_size(item);
    }
    if (same)
        size += integer_size(words / 2 + 3);
    else {
        body += varint_size((unsigned long long)(words / 2));
        size += integer_size(words / 2) + integer_size(words / 2 * 2 + 4);
    }
    before = PyByteArray_GET_SIZE(data);
    length = 1 + varint_size(ms) + varint_size(seq) + varint_size((unsigned long long)body) + body;
    if (PyByteArray_Resize(data, before + length) < 0)
        return NULL;
    to = PyByteArray_AS_STRING(data) + before;
    *to++ = same ? SAME_FIELDS : 0;
    to = put_varint(to, ms);
    to = put_varint(to, seq);
    to = put_varint(to, (unsigned long long)body);
    if (!same)
        to = put_varint(to, (unsigned long long)(words / 2));
    for (at = same; at < words; at += step) {
        PyObject *item = PyList_GET_ITEM(items, at);
        length = PyBytes_GET_SIZE(item);
        to = put_varint(to, (unsigned long long)length);
        memcpy(to, PyBytes_AS_STRING(item), (size_t)length);
        to += length;
    }
    return PyLong_FromSsize_t(size);
}

static PyMethodDef methods[] = {
    {"append_entry", (PyCFunction)(void (*)(void))append_entry, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_entries", "Entries of streams in C; see miniredis/datatypes/stream_entries.py.", -1, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit__entries(void)
{
    return PyModule_Create(&module);
}
