#include "tests/paths.h"

namespace nety {

std::string test_data() { return NETY_TEST_DATA; }
std::string build_directory() { return NETY_BUILD_DIR; }

}  // namespace nety
