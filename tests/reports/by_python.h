// Reports read by Python's readers for CSV, XML and HTML, which are not ours.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace nety::reports {

/// What a Python program makes of `text`: the JSON that it puts into the file `out`, given the file
/// `path`. Both are variables of the program, which has csv, json, sys and minidom.
nlohmann::json by_python(const std::string& program, const std::string& text);

/// What read_structure.py finds in a report. `kind`: html, markdown or junit.
nlohmann::json structure_of(const std::string& kind, const std::string& text);

/// A test that needs Python.
class ReadBack : public ::testing::Test {
 protected:
  void SetUp() override;
};

}  // namespace nety::reports
