#pragma once
// What little of S3's XML answers is needed: the text of an element by its name, wherever it is. Not a parser: whatever
// the bytes are, it gives some text or none. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace storage::s3 {

// Of the first such element; entities decoded, elements inside not looked at.
std::string text_of(std::string_view xml, std::string_view element);
// What is inside of each such element.
std::vector<std::string_view> all_of(std::string_view xml, std::string_view element);
// As the text of an element.
std::string xml_escaped(std::string_view text);

}  // namespace storage::s3
