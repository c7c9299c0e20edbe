// The text of a file that goes along with a question.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nety::talk {

/// The file's name and its text in a code fence that the text cannot close. Errors: kIo; kUsage for
/// a file that is no text or has more than 16 MB.
std::string attachment(const std::string& path);

/// A question with what goes along with it, which comes first.
std::string with_attachments(std::string_view attachments, std::string_view question);

}  // namespace nety::talk
