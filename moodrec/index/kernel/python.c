/* An empty Python module. The kernel takes addresses of arrays, not Python objects, so it is called through ctypes, which lets
 * other threads run meanwhile; as a module it can be built, tagged and imported like any other. Only what every Python from 3.11 on
 * has is used (the limited API), so that one build serves them all. */
#include <Python.h>

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_kernel", .m_doc = "The compiled search; moodrec.index.kernel.binding calls it."};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&definition); }
