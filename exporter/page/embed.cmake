# cmake -DFOLDER=… -DOUT=assets.cc -P embed.cmake: writes the files that FOLDER/assets.txt lists into a C++ source.
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_json "application/json")

file(STRINGS "${FOLDER}/assets.txt" lines REGEX "^[^#]")
set(table "")
set(count 0)
foreach(line IN LISTS lines)
  if(NOT line MATCHES "^(/[^ ]*) +([^ ]+[.](html|css|js|svg|json))$")
    message(FATAL_ERROR "${FOLDER}/assets.txt: expected 'PATH FILE' with a .html, .css, .js, .svg or .json file: ${line}")
  endif()
  set(path "${CMAKE_MATCH_1}")
  set(type "${type_${CMAKE_MATCH_3}}")
  file(READ "${FOLDER}/${CMAKE_MATCH_2}" hex HEX)
  string(LENGTH "${hex}" size)
  math(EXPR size "${size} / 2")
  string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${hex}")
  string(APPEND table "    {\"${path}\", \"${type}\", {\"${bytes}\", ${size}}},\n")
  math(EXPR count "${count} + 1")
endforeach()

file(WRITE "${OUT}" "// Written by embed.cmake.\n#include \"page/assets.h\"\n\n#include <array>\n\n"
     "namespace buntime {\nnamespace {\n\n"
     "constexpr std::array<Asset, ${count}> kAssets = {{\n${table}}};\n\n}  // namespace\n\n"
     "std::span<const Asset> PageAssets() { return kAssets; }\n\n}  // namespace buntime\n")
