#include "tests/reports/by_python.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/base/files.h"
#include "tests/paths.h"

namespace nety::reports {
namespace {

/// Runs `python3 <script> <arguments> <text's file> <out>` and reads what it wrote.
nlohmann::json run(const std::string& script, const std::string& arguments, const std::string& text,
                   const TemporaryFolder& folder) {
  const std::string in = folder.file("in"), out = folder.file("out");
  write_file(in, text);
  const std::string line = "python3 '" + script + "' " + arguments + " '" + in + "' '" + out + "'";
  if (std::system(line.c_str()) != 0) {
    ADD_FAILURE() << "Python cannot read this: " << text;
    return nlohmann::json::object();
  }
  return nlohmann::json::parse(read_file(out));
}

}  // namespace

nlohmann::json by_python(const std::string& program, const std::string& text) {
  const TemporaryFolder folder;
  const std::string script = folder.file("read.py");
  write_file(script,
             "import csv, json, sys\nfrom xml.dom import minidom\npath, out = sys.argv[1:]\nout = "
             "open(out, 'w')\n" +
                 program);
  return run(script, "", text, folder);
}

nlohmann::json structure_of(const std::string& kind, const std::string& text) {
  const TemporaryFolder folder;
  return run(test_data() + "/../reports/read_structure.py", kind, text, folder);
}

void ReadBack::SetUp() {
  if (std::system("python3 -c 'import csv, html.parser, json, xml' 2>/dev/null") != 0)
    GTEST_SKIP() << "not run: there is no Python";
}

}  // namespace nety::reports
