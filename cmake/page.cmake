# The chat page of nety serve: parts that are files of their own, put together by app/serve/page.cpp.

# nety_source_hash(out text): what a Content-Security-Policy calls a script or a style of exactly this text,
# the SHA-256 of its bytes in base64.
function(nety_source_hash out text)
  set(letters ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  string(SHA256 digits "${text}")
  string(APPEND digits 00)  # 32 bytes are two thirds of a byte short of whole letters
  set(encoded "")
  foreach(group RANGE 10)
    math(EXPR first "${group} * 6")
    string(SUBSTRING ${digits} ${first} 6 three_bytes)
    foreach(shift 18 12 6 0)
      math(EXPR letter "(0x${three_bytes} >> ${shift}) & 63")
      string(SUBSTRING ${letters} ${letter} 1 letter)
      string(APPEND encoded ${letter})
    endforeach()
  endforeach()
  string(SUBSTRING ${encoded} 0 43 encoded)
  set(${out} "sha256-${encoded}=" PARENT_SCOPE)
endfunction()

# nety_embed_page(target folder SCRIPTS files...): folder/page.html, page.css and the scripts in their order, as
# constants in <folder>/page.inc. A string literal has at most 64 KiB by the standard: each script is its own.
function(nety_embed_page target folder)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" SCRIPTS)
  foreach(file page.html page.css ${arg_SCRIPTS})
    file(READ ${PROJECT_SOURCE_DIR}/${folder}/${file} text)
    if(file STREQUAL page.html)
      set(frame "${text}")
    elseif(file STREQUAL page.css)
      set(style "${text}")
    else()
      string(APPEND script "${text}")
      string(APPEND scripts "R\"embedded(${text})embedded\",\n")
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/${file})
  endforeach()
  nety_source_hash(style_hash "${style}")
  nety_source_hash(script_hash "${script}")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/embedded/${folder}/page.inc @ONLY CONTENT
"constexpr std::string_view kFrame = R\"embedded(@frame@)embedded\";
constexpr std::string_view kStyle = R\"embedded(@style@)embedded\";
constexpr std::string_view kStyleHash = \"@style_hash@\";
constexpr std::string_view kScripts[] = {@scripts@};
constexpr std::string_view kScriptHash = \"@script_hash@\";
")
  target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/embedded)
endfunction()
