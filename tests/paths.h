// Where the tests' data and the built programs are. A library of its own, so that no test's object
// file depends on the folder it was built in (and a compiler cache serves every checkout).
#pragma once

#include <string>

namespace nety {

std::string test_data();        ///< tests/data
std::string build_directory();  ///< Where nety and its plugins are.

}  // namespace nety
