/* The byte work that Python is slow at, in C: each function has a twin in miniredis/resp/bytework.py (receive_into:
 * miniredis/server/receiving.py), which says what it does and serves where there is no C compiler.  The tests hold the
 * two against each other.
 *
 * No state, no callbacks into Python code, no knowledge of commands.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#define MAX_DEPTH 32
#define LONG_ENTRY 255

/* -- numbers as text */

static Py_ssize_t
count_digits(unsigned long long number)
{
    Py_ssize_t count = 1;
    while (number >= 10) {
        number /= 10;
        count++;
    }
    return count;
}

static char *
put_digits(char *to, unsigned long long number)
{
    Py_ssize_t count = count_digits(number);
    char *at = to + count;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return to + count;
}

static char *
put_header(char *to, char kind, unsigned long long number)
{
    *to++ = kind;
    to = put_digits(to, number);
    *to++ = '\r';
    *to++ = '\n';
    return to;
}

/* -- requests */

/* A length in its shortest spelling and its CRLF: the position behind them, or NULL: leave it to the twin. */
static const char *
read_length(const char *at, const char *end, Py_ssize_t *length)
{
    Py_ssize_t value;
    if (at >= end || *at < '0' || *at > '9')
        return NULL;
    value = *at++ - '0';
    if (value == 0) {
        if (at < end && *at != '\r')
            return NULL;
    }
    else {
        while (at < end && *at >= '0' && *at <= '9') {
            if (value > 99999999)
                return NULL;
            value = value * 10 + (*at++ - '0');
        }
    }
    if (end - at < 2 || at[0] != '\r' || at[1] != '\n')
        return NULL;
    *length = value;
    return at + 2;
}

/* The request at `at`, or NULL without an exception when it is not a whole and plain one. */
static PyObject *
read_request(const char *at, const char *end, Py_ssize_t max_bulk, const char **after, PyObject *likely)
{
    Py_ssize_t count, length, index;
    PyObject *argv;
    if (at >= end || *at != '*')
        return NULL;
    at = read_length(at + 1, end, &count);
    /* Each argument takes six bytes at least. */
    if (at == NULL || count == 0 || count > (end - at) / 6)
        return NULL;
    argv = PyList_New(count);
    if (argv == NULL)
        return NULL;
    for (index = 0; index < count; index++) {
        PyObject *argument;
        if (at >= end || *at != '$')
            break;
        at = read_length(at + 1, end, &length);
        if (at == NULL || length > max_bulk || end - at < length + 2 || at[length] != '\r' || at[length + 1] != '\n')
            break;
        /* The name of a command is often that of the one before. */
        if (index == 0 && likely != NULL && PyBytes_GET_SIZE(likely) == length
            && memcmp(PyBytes_AS_STRING(likely), at, (size_t)length) == 0) {
            argument = likely;
            Py_INCREF(argument);
        }
        else {
            argument = PyBytes_FromStringAndSize(at, length);
            if (argument == NULL)
                break;
        }
        PyList_SET_ITEM(argv, index, argument);
        at += length + 2;
    }
    if (index < count) {
        Py_DECREF(argv);
        return NULL;
    }
    *after = at;
    return argv;
}

/* split_requests(data: bytes, position: int, most: int, max_bulk: int, likely: bytes, out: list) -> int */
static PyObject *
split_requests(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Py_ssize_t position, most, max_bulk, size;
    const char *start, *at, *end;
    PyObject *out, *likely;
    if (nargs != 6 || !PyBytes_CheckExact(args[0]) || !PyBytes_CheckExact(args[4]) || !PyList_CheckExact(args[5])) {
        PyErr_SetString(PyExc_TypeError, "split_requests(data, position, most, max_bulk, likely, out)");
        return NULL;
    }
    position = PyLong_AsSsize_t(args[1]);
    most = PyLong_AsSsize_t(args[2]);
    max_bulk = PyLong_AsSsize_t(args[3]);
    if (PyErr_Occurred())
        return NULL;
    start = PyBytes_AS_STRING(args[0]);
    size = PyBytes_GET_SIZE(args[0]);
    likely = args[4];
    out = args[5];
    if (position < 0 || position > size) {
        PyErr_SetString(PyExc_ValueError, "the position is not in the data");
        return NULL;
    }
    at = start + position;
    end = start + size;
    while (most-- > 0) {
        PyObject *argv = read_request(at, end, max_bulk, &at, likely);
        int failed;
        if (argv == NULL) {
            if (PyErr_Occurred())
                return NULL;
            break;
        }
        likely = PyList_GET_ITEM(argv, 0);
        failed = PyList_Append(out, argv);
        Py_DECREF(argv);
        if (failed)
            return NULL;
    }
    if (PyList_Reverse(out) < 0)
        return NULL;
    return PyLong_FromSsize_t(at - start);
}

/* -- big arguments: bytes objects that nobody else knows yet are filled in place */

/* make_room(size: int) -> bytes */
static PyObject *
make_room(PyObject *module, PyObject *size)
{
    Py_ssize_t count = PyLong_AsSsize_t(size);
    if (count < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "there is no such room");
        return NULL;
    }
    return PyBytes_FromStringAndSize(NULL, count);
}

/* A place in an argument that is being filled: its bytes from `from` on, NULL with an exception. */
static char *
find_place(PyObject *target, Py_ssize_t from, Py_ssize_t count)
{
    if (!PyBytes_CheckExact(target)) {
        PyErr_SetString(PyExc_TypeError, "only bytes are filled");
        return NULL;
    }
    if (from < 0 || count < 0 || from > PyBytes_GET_SIZE(target) || count > PyBytes_GET_SIZE(target) - from) {
        PyErr_SetString(PyExc_ValueError, "there is no such place");
        return NULL;
    }
    return PyBytes_AS_STRING(target) + from;
}

/* fill(target: bytes, at: int, data: bytes, start: int, count: int) -> None */
static PyObject *
fill(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Py_ssize_t at, start, count;
    char *to;
    if (nargs != 5 || !PyBytes_CheckExact(args[2])) {
        PyErr_SetString(PyExc_TypeError, "fill(target: bytes, at: int, data: bytes, start: int, count: int)");
        return NULL;
    }
    at = PyLong_AsSsize_t(args[1]);
    start = PyLong_AsSsize_t(args[3]);
    count = PyLong_AsSsize_t(args[4]);
    if (PyErr_Occurred())
        return NULL;
    to = find_place(args[0], at, count);
    if (to == NULL || find_place(args[2], start, count) == NULL)
        return NULL;
    memcpy(to, PyBytes_AS_STRING(args[2]) + start, (size_t)count);
    Py_RETURN_NONE;
}

/* receive_into(fd: int, target: bytes, at: int, count: int, beyond: int) -> int */
static PyObject *
receive_into(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    char dropped[2];
    struct iovec pieces[2];
    Py_ssize_t at, count, beyond, received;
    long fd;
    if (nargs != 5) {
        PyErr_SetString(PyExc_TypeError, "receive_into(fd: int, target: bytes, at: int, count: int, beyond: int)");
        return NULL;
    }
    fd = PyLong_AsLong(args[0]);
    at = PyLong_AsSsize_t(args[2]);
    count = PyLong_AsSsize_t(args[3]);
    beyond = PyLong_AsSsize_t(args[4]);
    if (PyErr_Occurred())
        return NULL;
    pieces[0].iov_base = find_place(args[1], at, count);
    if (pieces[0].iov_base == NULL)
        return NULL;
    if (beyond < 0 || beyond > (Py_ssize_t)sizeof(dropped)) {
        PyErr_SetString(PyExc_ValueError, "two bytes may be dropped at most");
        return NULL;
    }
    pieces[0].iov_len = (size_t)count;
    pieces[1].iov_base = dropped;
    pieces[1].iov_len = (size_t)beyond;
    do {
        received = readv((int)fd, pieces, 2);
    } while (received < 0 && errno == EINTR && PyErr_CheckSignals() == 0);
    if (PyErr_Occurred())
        return NULL;
    if (received < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        return PyErr_SetFromErrno(PyExc_OSError);
    return PyLong_FromSsize_t(received);
}

/* -- replies */

/* Bytes that `item` takes as a reply, -1 when it is for the twin to write, -2 with an exception. */
static Py_ssize_t
reply_size(PyObject *item, int depth)
{
    if (PyBytes_CheckExact(item)) {
        Py_ssize_t length = PyBytes_GET_SIZE(item);
        return length + count_digits((unsigned long long)length) + 5;
    }
    if (item == Py_None)
        return 5;
    if (PyLong_CheckExact(item)) {
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(item, &overflow);
        if (overflow)
            return -1;
        if (number == -1 && PyErr_Occurred())
            return -2;
        return number < 0 ? count_digits(0ULL - (unsigned long long)number) + 4
                          : count_digits((unsigned long long)number) + 3;
    }
    if (PyList_CheckExact(item) && depth < MAX_DEPTH) {
        Py_ssize_t count = PyList_GET_SIZE(item), index;
        Py_ssize_t total = count_digits((unsigned long long)count) + 3;
        for (index = 0; index < count; index++) {
            Py_ssize_t size = reply_size(PyList_GET_ITEM(item, index), depth + 1);
            if (size < 0)
                return size;
            total += size;
        }
        return total;
    }
    return -1;
}

static char *
put_reply(char *to, PyObject *item, int is_resp3)
{
    if (PyBytes_CheckExact(item)) {
        Py_ssize_t length = PyBytes_GET_SIZE(item);
        to = put_header(to, '$', (unsigned long long)length);
        memcpy(to, PyBytes_AS_STRING(item), (size_t)length);
        to += length;
        *to++ = '\r';
        *to++ = '\n';
        return to;
    }
    if (item == Py_None) {
        if (is_resp3) {
            memcpy(to, "_\r\n", 3);
            return to + 3;
        }
        memcpy(to, "$-1\r\n", 5);
        return to + 5;
    }
    if (PyLong_CheckExact(item)) {
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(item, &overflow);
        if (number < 0) {
            *to++ = ':';
            *to++ = '-';
            to = put_digits(to, 0ULL - (unsigned long long)number);
            *to++ = '\r';
            *to++ = '\n';
            return to;
        }
        return put_header(to, ':', (unsigned long long)number);
    }
    {
        Py_ssize_t count = PyList_GET_SIZE(item), index;
        to = put_header(to, '*', (unsigned long long)count);
        for (index = 0; index < count; index++)
            to = put_reply(to, PyList_GET_ITEM(item, index), is_resp3);
        return to;
    }
}

/* encode_plain(reply: object, resp: int) -> bytes | None */
static PyObject *
encode_plain(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Py_ssize_t size;
    PyObject *data;
    char *end;
    long resp;
    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "encode_plain(reply, resp)");
        return NULL;
    }
    resp = PyLong_AsLong(args[1]);
    if (resp == -1 && PyErr_Occurred())
        return NULL;
    size = reply_size(args[0], 0);
    if (size == -2)
        return NULL;
    if (size < 0)
        Py_RETURN_NONE;
    data = PyBytes_FromStringAndSize(NULL, size);
    if (data == NULL)
        return NULL;
    end = put_reply(PyBytes_AS_STRING(data), args[0], resp == 3);
    /* Nulls of RESP3 are shorter than what was counted for them. */
    if (end - PyBytes_AS_STRING(data) != size)
        _PyBytes_Resize(&data, end - PyBytes_AS_STRING(data));
    return data;
}

/* encode_bulk(value: bytes) -> bytes */
static PyObject *
encode_bulk(PyObject *module, PyObject *value)
{
    Py_ssize_t size;
    PyObject *data;
    if (!PyBytes_CheckExact(value)) {
        PyErr_SetString(PyExc_TypeError, "encode_bulk(value: bytes)");
        return NULL;
    }
    size = PyBytes_GET_SIZE(value);
    data = PyBytes_FromStringAndSize(NULL, size + count_digits((unsigned long long)size) + 5);
    if (data != NULL)
        put_reply(PyBytes_AS_STRING(data), value, 0);
    return data;
}

/* add_request(buffer: bytearray, argv: list[bytes], most: int) -> int */
static PyObject *
add_request(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *buffer, *argv;
    Py_ssize_t count, index, most, size, before, room;
    char *to;
    if (nargs != 3 || !PyByteArray_CheckExact(args[0]) || !PyList_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "add_request(bytearray, list of bytes, int)");
        return NULL;
    }
    buffer = args[0];
    argv = args[1];
    most = PyLong_AsSsize_t(args[2]);
    if (most == -1 && PyErr_Occurred())
        return NULL;
    count = PyList_GET_SIZE(argv);
    size = count_digits((unsigned long long)count) + 3;
    for (index = 0; index < count; index++) {
        PyObject *item = PyList_GET_ITEM(argv, index);
        if (!PyBytes_CheckExact(item)) {
            PyErr_SetString(PyExc_TypeError, "a request consists of bytes");
            return NULL;
        }
        size += PyBytes_GET_SIZE(item) + count_digits((unsigned long long)PyBytes_GET_SIZE(item)) + 5;
    }
    if (size > most)
        return PyLong_FromLong(0);
    before = PyByteArray_GET_SIZE(buffer);
    room = ((PyByteArrayObject *)buffer)->ob_alloc;
    /* Twice as much where it must grow: Python itself adds an eighth. */
    if (before + size >= room && PyByteArray_Resize(buffer, 2 * (before + size)) < 0)
        return NULL;
    if (PyByteArray_Resize(buffer, before + size) < 0)
        return NULL;
    to = put_header(PyByteArray_AS_STRING(buffer) + before, '*', (unsigned long long)count);
    for (index = 0; index < count; index++)
        to = put_reply(to, PyList_GET_ITEM(argv, index), 0);
    return PyLong_FromSsize_t(size);
}

/* -- entries one after the other, readable from both ends */

static void
put_u32(unsigned char *to, Py_ssize_t number)
{
    to[0] = (unsigned char)number;
    to[1] = (unsigned char)(number >> 8);
    to[2] = (unsigned char)(number >> 16);
    to[3] = (unsigned char)(number >> 24);
}

static Py_ssize_t
get_u32(const unsigned char *from)
{
    return (Py_ssize_t)from[0] | (Py_ssize_t)from[1] << 8 | (Py_ssize_t)from[2] << 16 | (Py_ssize_t)from[3] << 24;
}

/* pack_entries(elements: list[bytes]) -> bytes */
static PyObject *
pack_entries(PyObject *module, PyObject *elements)
{
    Py_ssize_t count, index, total = 0;
    PyObject *data;
    unsigned char *to;
    if (!PyList_CheckExact(elements)) {
        PyErr_SetString(PyExc_TypeError, "pack_entries(elements: list[bytes])");
        return NULL;
    }
    count = PyList_GET_SIZE(elements);
    for (index = 0; index < count; index++) {
        PyObject *element = PyList_GET_ITEM(elements, index);
        Py_ssize_t length;
        if (!PyBytes_CheckExact(element)) {
            PyErr_SetString(PyExc_TypeError, "an entry is bytes");
            return NULL;
        }
        length = PyBytes_GET_SIZE(element);
        if (length > 0xffffffffLL) {
            PyErr_SetString(PyExc_OverflowError, "an entry is shorter than 4 GiB");
            return NULL;
        }
        total += length < LONG_ENTRY ? length + 2 : length + 10;
    }
    data = PyBytes_FromStringAndSize(NULL, total);
    if (data == NULL)
        return NULL;
    to = (unsigned char *)PyBytes_AS_STRING(data);
    for (index = 0; index < count; index++) {
        PyObject *element = PyList_GET_ITEM(elements, index);
        Py_ssize_t length = PyBytes_GET_SIZE(element);
        if (length < LONG_ENTRY) {
            *to++ = (unsigned char)length;
            memcpy(to, PyBytes_AS_STRING(element), (size_t)length);
            to += length;
            *to++ = (unsigned char)length;
        }
        else {
            *to++ = LONG_ENTRY;
            put_u32(to, length);
            memcpy(to + 4, PyBytes_AS_STRING(element), (size_t)length);
            to += 4 + length;
            put_u32(to, length);
            to[4] = LONG_ENTRY;
            to += 5;
        }
    }
    return data;
}

/* unpack_entries(out: list[bytes], raw: bytes | bytearray, offset: int, count: int) -> int */
static PyObject *
unpack_entries(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    const unsigned char *data;
    Py_ssize_t size, offset, count;
    if (nargs != 4 || !PyList_CheckExact(args[0]) || !(PyBytes_Check(args[1]) || PyByteArray_Check(args[1]))) {
        PyErr_SetString(PyExc_TypeError, "unpack_entries(out, raw, offset, count)");
        return NULL;
    }
    if (PyBytes_Check(args[1])) {
        data = (const unsigned char *)PyBytes_AS_STRING(args[1]);
        size = PyBytes_GET_SIZE(args[1]);
    }
    else {
        data = (const unsigned char *)PyByteArray_AS_STRING(args[1]);
        size = PyByteArray_GET_SIZE(args[1]);
    }
    offset = PyLong_AsSsize_t(args[2]);
    count = PyLong_AsSsize_t(args[3]);
    if (PyErr_Occurred())
        return NULL;
    while (count-- > 0) {
        Py_ssize_t length, tail = 1;
        PyObject *element;
        int failed;
        if (offset < 0 || offset >= size)
            goto torn;
        length = data[offset++];
        if (length == LONG_ENTRY) {
            if (size - offset < 4)
                goto torn;
            length = get_u32(data + offset);
            offset += 4;
            tail = 5;
        }
        if (size - offset < length + tail)
            goto torn;
        element = PyBytes_FromStringAndSize((const char *)data + offset, length);
        if (element == NULL)
            return NULL;
        failed = PyList_Append(args[0], element);
        Py_DECREF(element);
        if (failed)
            return NULL;
        offset += length + tail;
    }
    return PyLong_FromSsize_t(offset);
torn:
    PyErr_SetString(PyExc_IndexError, "entries end in the middle");
    return NULL;
}

/* -- slots of a cluster */

/* CRC16 (XMODEM) of one byte that is followed by 0 to 3 others: four bytes cost four independent look-ups. */
static unsigned short crc_of[4][256];

static void
fill_crc(void)
{
    int byte, bit, place;
    for (byte = 0; byte < 256; byte++) {
        unsigned int crc = (unsigned int)byte << 8;
        for (bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
        crc_of[0][byte] = (unsigned short)crc;
    }
    for (place = 1; place < 4; place++)
        for (byte = 0; byte < 256; byte++) {
            unsigned short crc = crc_of[place - 1][byte];
            crc_of[place][byte] = (unsigned short)(crc << 8 ^ crc_of[0][crc >> 8]);
        }
}

static unsigned int
slot_of(const char *key, Py_ssize_t size)
{
    const unsigned char *at;
    unsigned int crc = 0;
    const char *open = memchr(key, '{', size);
    if (open != NULL) {
        const char *close = memchr(open + 1, '}', key + size - open - 1);
        if (close != NULL && close > open + 1) {
            key = open + 1;
            size = close - key;
        }
    }
    at = (const unsigned char *)key;
    for (; size >= 4; size -= 4, at += 4)
        crc = crc_of[3][at[0] ^ crc >> 8] ^ crc_of[2][at[1] ^ (crc & 255)] ^ crc_of[1][at[2]] ^ crc_of[0][at[3]];
    for (; size > 0; size--, at++)
        crc = (crc << 8 & 0xffff) ^ crc_of[0][crc >> 8 ^ *at];
    return crc & 16383;
}

static PyObject *
key_slot(PyObject *self, PyObject *key)
{
    if (!PyBytes_Check(key)) {
        PyErr_SetString(PyExc_TypeError, "a key is bytes");
        return NULL;
    }
    return PyLong_FromLong(slot_of(PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key)));
}

static PyObject *
mark_of_key(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    unsigned int slot;
    if (count != 2 || !PyByteArray_Check(args[0]) || !PyBytes_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "mark_of_key(bytearray, bytes)");
        return NULL;
    }
    slot = slot_of(PyBytes_AS_STRING(args[1]), PyBytes_GET_SIZE(args[1]));
    if (slot >= (size_t)PyByteArray_GET_SIZE(args[0])) {
        PyErr_SetString(PyExc_IndexError, "there are more slots than marks");
        return NULL;
    }
    return PyLong_FromLong((unsigned char)PyByteArray_AS_STRING(args[0])[slot]);
}

static PyMethodDef methods[] = {
    {"split_requests", (PyCFunction)(void (*)(void))split_requests, METH_FASTCALL, NULL},
    {"make_room", make_room, METH_O, NULL},
    {"fill", (PyCFunction)(void (*)(void))fill, METH_FASTCALL, NULL},
    {"receive_into", (PyCFunction)(void (*)(void))receive_into, METH_FASTCALL, NULL},
    {"encode_plain", (PyCFunction)(void (*)(void))encode_plain, METH_FASTCALL, NULL},
    {"encode_bulk", encode_bulk, METH_O, NULL},
    {"add_request", (PyCFunction)(void (*)(void))add_request, METH_FASTCALL, NULL},
    {"pack_entries", pack_entries, METH_O, NULL},
    {"unpack_entries", (PyCFunction)(void (*)(void))unpack_entries, METH_FASTCALL, NULL},
    {"key_slot", key_slot, METH_O, NULL},
    {"mark_of_key", (PyCFunction)(void (*)(void))mark_of_key, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_bytework", "Byte work in C; see miniredis/resp/bytework.py.", -1, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit__bytework(void)
{
    fill_crc();
    return PyModule_Create(&module);
}
