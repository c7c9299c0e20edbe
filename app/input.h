// Text that a command takes in, and JSON that it puts out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nety::app {

/// All of standard input. Error: kIo.
std::string read_standard_input();
/// The text of `file`, or of standard input if `file` is empty.
std::string read_text(const std::string& file);
/// Writes to standard output and flushes. Error: kIo (a closed pipe, a full disk).
void write_output(std::string_view text);
/// The same with text that names what a file says: no control character reaches the terminal.
void write_page(std::string_view text);
/// The same with what a model said: byte by byte for a pipe, without control characters for a
/// terminal.
void write_answer(std::string_view text);
/// Whole numbers from "1,17,42" (blanks allowed). Error: kUsage naming `option` and the bad word.
std::vector<int32_t> parse_tokens(const std::string& list, const std::string& option);

}  // namespace nety::app
