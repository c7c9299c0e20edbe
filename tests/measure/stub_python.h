// A Python environment for tests: the system's interpreter with the fake packages of
// tests/data/python_stack, or with none.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/files.h"
#include "tests/paths.h"

namespace nety {

class StubPython {
 public:
  enum Kind { kWhole, kBare, kHanging };

  /// `variables`: "NAME=value ..." for its environment.
  explicit StubPython(Kind kind = kWhole, const std::string& variables = "") {
    std::filesystem::create_directories(folder() / "bin");
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

  /// The environment, as --python takes it, and the interpreter in it.
  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path program() const { return folder() / "bin" / "python3"; }

 private:
  TemporaryFolder folder_;
};

}  // namespace nety
