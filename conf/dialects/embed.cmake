# Writes OUT, a C++ source that holds every file of FILES (a ;-list of conf/dialects/NAME.toml) as a raw string literal.
# Run by the build whenever one of them changes: cmake -DOUT=shipped.cc -DFILES=a.toml;b.toml -P embed.cmake
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND entries "        {\"${name}\", R\"trotline(${text})trotline\"},\n")
endforeach()
file(WRITE ${OUT} "// Made by conf/dialects/embed.cmake.\n#include \"dialect/shipped.h\"\n\nnamespace trot {\n
const std::vector<Shipped>& shipped_dialects() {
    static const std::vector<Shipped> all = {
${entries}    };
    return all;
}\n
}  // namespace trot\n")
