// The chat page: one HTML document that fetches nothing but answers from the server it came from.
#pragma once

#include "app/serve/http.h"

namespace nety::serve {

/// The page, with headers under which a browser runs its own script and no other, shows it in no
/// frame, and sends nothing anywhere else.
HttpAnswer chat_page();

}  // namespace nety::serve
