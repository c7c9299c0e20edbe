// The test program is also the worker that its tests start, as `nety worker` is of `nety diag`.
#include <gtest/gtest.h>

#include <stdlib.h>

#include <iostream>
#include <string_view>

#include "diag/bitsandbytes_library.h"

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "worker")
    return nety::diag::check_bitsandbytes_library(argv[3], std::cout);
  ::setenv("PATH", "/usr/bin:/bin", 1);  // no other Pythons of this machine are asked
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
