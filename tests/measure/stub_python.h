// A Python environment for tests: the system's interpreter with the fake packages of
// tests/data/python_stack, or with none.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/paths.h"

namespace nety {

class StubPython {
 public:
  enum Kind { kWhole, kBare, kHanging };

  /// `variables`: "NAME=value ..." for its environment.
  explicit StubPython(Kind kind = kWhole, const std::string& variables = "") {
    std::string folder = (std::filesystem::temp_directory_path() / "nety-python-XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    std::filesystem::create_directories(folder_ / "bin");
    const std::string packages = test_data() + "/python_stack";
    std::ofstream script(program());
    script << "#!/bin/sh\n";
    if (kind == kHanging)
      script << "exec sleep 60\n";
    else
      script << "export " << variables << " PYTHONPATH='" << (kind == kWhole ? packages : "")
             << "' PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1\n"
             // Not a version manager's stand-in for it, which is slow.
             << "python=/usr/bin/python3; [ -x $python ] || python=python3\nexec $python "
             << (kind == kBare ? "-S " : "") << "\"$@\"\n";
    script.close();
    std::filesystem::permissions(program(), std::filesystem::perms::owner_all);
  }
  ~StubPython() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  StubPython(const StubPython&) = delete;
  StubPython& operator=(const StubPython&) = delete;

  /// The environment, as --python takes it, and the interpreter in it.
  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path program() const { return folder_ / "bin" / "python3"; }

 private:
  std::filesystem::path folder_;
};

}  // namespace nety
