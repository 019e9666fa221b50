/* Shards of a hash table, in C: each function and the class have a twin in miniredis/datatypes/shards.py, which says
 * what they do and serves where there is no C compiler.  The tests hold the two against each other.
 *
 * A shard holds some dozens of pairs without order.  A byte of each key's hash (its tag) stands in the shard itself, so
 * that a look-up touches the shard, the pair and the key, each a line of the cache or two; a dict needs more of them, and
 * twice the memory.  The pairs grow a few at a time.  A shard of more pairs than TAGS, which only keys of almost equal
 * hashes bring about, is searched without tags.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#define POSITION_MASK ((1ULL << 48) - 1)
#define TAGS 64
#define STEP 8

typedef struct {
    PyObject *key;
    PyObject *value;
} Pair;

typedef struct {
    PyObject_HEAD
    Pair *pairs;
    Py_ssize_t count;
    Py_ssize_t capacity;
    unsigned char tags[TAGS];
} Shard;

static PyTypeObject ShardType;

#define IS_SHARD(object) Py_IS_TYPE(object, &ShardType)
#define TAG_OF(hash) ((unsigned char)((unsigned long long)(hash) >> 56))

static Shard *
new_shard(void)
{
    Shard *shard = PyObject_GC_New(Shard, &ShardType);
    if (shard == NULL)
        return NULL;
    shard->pairs = NULL;
    shard->count = 0;
    shard->capacity = 0;
    return shard; /* not tracked while its values cannot be part of a cycle */
}

static int
is_key(PyObject *key, Py_hash_t *hash)
{
    if (!PyBytes_CheckExact(key)) {
        PyErr_SetString(PyExc_TypeError, "a key is bytes");
        return 0;
    }
    *hash = PyObject_Hash(key); /* bytes keep theirs */
    return *hash != -1 || !PyErr_Occurred();
}

static inline int
is_same(PyObject *held, PyObject *key)
{
    Py_ssize_t size = PyBytes_GET_SIZE(key);
    return held == key
        || (PyBytes_GET_SIZE(held) == size && memcmp(PyBytes_AS_STRING(held), PyBytes_AS_STRING(key), size) == 0);
}

/* Where the key stands, or -1. */
static Py_ssize_t
find(Shard *shard, PyObject *key, Py_hash_t hash)
{
    Py_ssize_t at;
    if (shard->count <= TAGS) {
        const unsigned char tag = TAG_OF(hash);
        const unsigned char *from = shard->tags, *end = shard->tags + shard->count;
        while (from < end && (from = memchr(from, tag, end - from)) != NULL) {
            if (is_same(shard->pairs[from - shard->tags].key, key))
                return from - shard->tags;
            from++;
        }
        return -1;
    }
    for (at = 0; at < shard->count; at++)
        if (is_same(shard->pairs[at].key, key))
            return at;
    return -1;
}

/* A pair that is not there yet. */
static int
append(Shard *shard, PyObject *key, Py_hash_t hash, PyObject *value)
{
    if (shard->count == shard->capacity) {
        Py_ssize_t capacity = shard->capacity + STEP + (shard->capacity >= TAGS ? shard->capacity / 8 : 0);
        Pair *pairs = PyMem_Realloc(shard->pairs, capacity * sizeof(Pair));
        if (pairs == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        shard->pairs = pairs;
        shard->capacity = capacity;
    }
    if (shard->count < TAGS)
        shard->tags[shard->count] = TAG_OF(hash);
    shard->pairs[shard->count].key = Py_NewRef(key);
    shard->pairs[shard->count].value = Py_NewRef(value);
    shard->count++;
    if (PyObject_IS_GC(value) && !PyObject_GC_IsTracked((PyObject *)shard))
        PyObject_GC_Track(shard);
    return 0;
}

/* Store: 1 when the key is new, 0 when it was there, -1 with an exception. */
static int
store(Shard *shard, PyObject *key, Py_hash_t hash, PyObject *value)
{
    Py_ssize_t at = find(shard, key, hash);
    PyObject *old;
    if (at < 0)
        return append(shard, key, hash, value) < 0 ? -1 : 1;
    old = shard->pairs[at].value;
    shard->pairs[at].value = Py_NewRef(value);
    if (PyObject_IS_GC(value) && !PyObject_GC_IsTracked((PyObject *)shard))
        PyObject_GC_Track(shard);
    Py_DECREF(old); /* last: it may run any code */
    return 0;
}

/* -- the class */

static PyObject *
shard_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    if (!PyArg_ParseTuple(args, ":Shard"))
        return NULL;
    return (PyObject *)new_shard();
}

static int
shard_traverse(Shard *shard, visitproc visit, void *arg)
{
    Py_ssize_t at;
    for (at = 0; at < shard->count; at++)
        Py_VISIT(shard->pairs[at].value);
    return 0;
}

static int
shard_clear(Shard *shard)
{
    Pair *pairs = shard->pairs;
    Py_ssize_t at, count = shard->count;
    shard->pairs = NULL;
    shard->count = 0;
    shard->capacity = 0;
    for (at = 0; at < count; at++) {
        Py_DECREF(pairs[at].key);
        Py_DECREF(pairs[at].value);
    }
    PyMem_Free(pairs);
    return 0;
}

static void
shard_dealloc(Shard *shard)
{
    PyObject_GC_UnTrack(shard);
    shard_clear(shard);
    PyObject_GC_Del(shard);
}

static Py_ssize_t
shard_length(Shard *shard)
{
    return shard->count;
}

static PyObject *
keys_of(Shard *shard)
{
    Py_ssize_t at;
    PyObject *keys = PyList_New(shard->count);
    if (keys == NULL)
        return NULL;
    for (at = 0; at < shard->count; at++)
        PyList_SET_ITEM(keys, at, Py_NewRef(shard->pairs[at].key));
    return keys;
}

static PyObject *
shard_iter(Shard *shard)
{
    PyObject *keys = keys_of(shard), *iterator;
    if (keys == NULL)
        return NULL;
    iterator = PyObject_GetIter(keys);
    Py_DECREF(keys);
    return iterator;
}

static PyObject *
shard_pairs(Shard *shard, PyObject *unused)
{
    /* Making an object may collect garbage, whose finalizers may change the shard: what is listed is a copy. */
    Py_ssize_t at;
    PyObject *items = PyList_New(0);
    if (items == NULL)
        return NULL;
    for (at = 0; at < shard->count; at++) {
        PyObject *item = PyTuple_Pack(2, shard->pairs[at].key, shard->pairs[at].value);
        if (item == NULL || PyList_Append(items, item) < 0) {
            Py_XDECREF(item);
            Py_DECREF(items);
            return NULL;
        }
        Py_DECREF(item);
    }
    return items;
}

static PyObject *
shard_take(Shard *shard, PyObject *key)
{
    Py_hash_t hash;
    Py_ssize_t at, last;
    PyObject *value;
    if (!is_key(key, &hash))
        return NULL;
    at = find(shard, key, hash);
    if (at < 0)
        Py_RETURN_NONE;
    value = shard->pairs[at].value;
    key = shard->pairs[at].key;
    last = --shard->count;
    shard->pairs[at] = shard->pairs[last];
    if (last < TAGS)
        shard->tags[at] = shard->tags[last];
    else if (at < TAGS) {
        Py_hash_t moved = PyObject_Hash(shard->pairs[at].key);
        shard->tags[at] = TAG_OF(moved);
    }
    if (shard->capacity - last > 2 * STEP) {
        /* Less memory is never refused in earnest; if it is, what there is serves on. */
        Py_ssize_t capacity = last + STEP;
        Pair *pairs = PyMem_Realloc(shard->pairs, capacity * sizeof(Pair));
        if (pairs != NULL) {
            shard->pairs = pairs;
            shard->capacity = capacity;
        }
    }
    Py_DECREF(key);
    return value;
}

static PyObject *
shard_clone(Shard *shard, PyObject *unused)
{
    Py_ssize_t at;
    Shard *copy = new_shard();
    if (copy == NULL)
        return NULL;
    for (at = 0; at < shard->count; at++) {
        if (append(copy, shard->pairs[at].key, PyObject_Hash(shard->pairs[at].key), shard->pairs[at].value) < 0) {
            Py_DECREF(copy);
            return NULL;
        }
    }
    return (PyObject *)copy;
}

static PyObject *
shard_absorb(Shard *shard, PyObject *other)
{
    Py_ssize_t at;
    if (!IS_SHARD(other) || other == (PyObject *)shard) {
        PyErr_SetString(PyExc_TypeError, "absorb(another shard)");
        return NULL;
    }
    for (at = 0; at < ((Shard *)other)->count; at++) {
        Pair pair = ((Shard *)other)->pairs[at];
        if (store(shard, pair.key, PyObject_Hash(pair.key), pair.value) < 0)
            return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
shard_key_at(Shard *shard, PyObject *rank)
{
    Py_ssize_t at = PyLong_AsSsize_t(rank);
    if (at == -1 && PyErr_Occurred())
        return NULL;
    if (at < 0 || at >= shard->count) {
        PyErr_SetString(PyExc_IndexError, "the shard has no such rank");
        return NULL;
    }
    return Py_NewRef(shard->pairs[at].key);
}

static PyMethodDef shard_methods[] = {
    {"pairs", (PyCFunction)shard_pairs, METH_NOARGS, NULL},
    {"take", (PyCFunction)shard_take, METH_O, NULL},
    {"clone", (PyCFunction)shard_clone, METH_NOARGS, NULL},
    {"absorb", (PyCFunction)shard_absorb, METH_O, NULL},
    {"key_at", (PyCFunction)shard_key_at, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PySequenceMethods shard_as_sequence = {.sq_length = (lenfunc)shard_length};

static PyTypeObject ShardType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "miniredis.datatypes._shards.Shard",
    .tp_basicsize = sizeof(Shard),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = shard_new,
    .tp_dealloc = (destructor)shard_dealloc,
    .tp_traverse = (traverseproc)shard_traverse,
    .tp_clear = (inquiry)shard_clear,
    .tp_iter = (getiterfunc)shard_iter,
    .tp_methods = shard_methods,
    .tp_as_sequence = &shard_as_sequence,
};

/* -- functions of a directory */

/* The shard of a key, borrowed; NULL with an exception. */
static Shard *
shard_of(PyObject *directory, PyObject *shift, PyObject *key, Py_hash_t *hash)
{
    Py_ssize_t place;
    long bits;
    PyObject *shard;
    if (!PyList_CheckExact(directory)) {
        PyErr_SetString(PyExc_TypeError, "a directory is a list");
        return NULL;
    }
    bits = PyLong_AsLong(shift);
    if (bits == -1 && PyErr_Occurred())
        return NULL;
    if (!is_key(key, hash))
        return NULL;
    if (bits < 0 || bits > 48) {
        PyErr_SetString(PyExc_ValueError, "a shift is between 0 and 48");
        return NULL;
    }
    place = (Py_ssize_t)(((unsigned long long)*hash & POSITION_MASK) >> bits);
    if (place >= PyList_GET_SIZE(directory)) {
        PyErr_SetString(PyExc_IndexError, "the directory is too short");
        return NULL;
    }
    shard = PyList_GET_ITEM(directory, place);
    if (!IS_SHARD(shard)) {
        PyErr_SetString(PyExc_TypeError, "a directory is a list of shards");
        return NULL;
    }
    return (Shard *)shard;
}

/* shard_get(directory, shift, key) -> object */
static PyObject *
shard_get(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Shard *shard;
    Py_hash_t hash;
    Py_ssize_t at;
    if (nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "shard_get(directory, shift, key)");
        return NULL;
    }
    shard = shard_of(args[0], args[1], args[2], &hash);
    if (shard == NULL)
        return NULL;
    at = find(shard, args[2], hash);
    return Py_NewRef(at < 0 ? Py_None : shard->pairs[at].value);
}

/* shard_set(directory, shift, key, value) -> int */
static PyObject *
shard_set(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    Shard *shard;
    Py_hash_t hash;
    Py_ssize_t before;
    int is_new;
    if (nargs != 4) {
        PyErr_SetString(PyExc_TypeError, "shard_set(directory, shift, key, value)");
        return NULL;
    }
    shard = shard_of(args[0], args[1], args[2], &hash);
    if (shard == NULL)
        return NULL;
    before = shard->count;
    is_new = store(shard, args[2], hash, args[3]);
    return is_new < 0 ? NULL : PyLong_FromSsize_t(is_new ? before : -1);
}

/* shard_divide(shard, border, lower, upper) -> None */
static PyObject *
shard_divide(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    unsigned long long border;
    Py_ssize_t at;
    Shard *shard;
    if (nargs != 4 || !IS_SHARD(args[0]) || !IS_SHARD(args[2]) || !IS_SHARD(args[3]) || args[0] == args[2]
        || args[0] == args[3]) {
        PyErr_SetString(PyExc_TypeError, "shard_divide(shard, border, lower, upper)");
        return NULL;
    }
    border = PyLong_AsUnsignedLongLong(args[1]);
    if (PyErr_Occurred())
        return NULL;
    shard = (Shard *)args[0];
    for (at = 0; at < shard->count; at++) {
        Pair pair = shard->pairs[at];
        Py_hash_t hash = PyObject_Hash(pair.key);
        int is_lower = ((unsigned long long)hash & POSITION_MASK) < border;
        if (store((Shard *)args[is_lower ? 2 : 3], pair.key, hash, pair.value) < 0)
            return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"shard_get", (PyCFunction)(void (*)(void))shard_get, METH_FASTCALL, NULL},
    {"shard_set", (PyCFunction)(void (*)(void))shard_set, METH_FASTCALL, NULL},
    {"shard_divide", (PyCFunction)(void (*)(void))shard_divide, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_shards", "Shards of tables in C; see miniredis/datatypes/shards.py.", -1, methods, NULL, NULL,
    NULL, NULL,
};

PyMODINIT_FUNC
PyInit__shards(void)
{
    PyObject *created;
    if (PyType_Ready(&ShardType) < 0)
        return NULL;
    created = PyModule_Create(&module);
    if (created == NULL)
        return NULL;
    if (PyModule_AddObjectRef(created, "Shard", (PyObject *)&ShardType) < 0) {
        Py_DECREF(created);
        return NULL;
    }
    return created;
}
