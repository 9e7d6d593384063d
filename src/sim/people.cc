// People who are known: names, titles by which they are called, and others who look or sound like them.
#include "sim/world.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace yanxing::sim {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Contact chinese_person(const Knowledge &knowledge, Random &random, std::string surname) {
  if (surname.empty()) {
    surname = random.pick(knowledge.words_of("zh_surnames"));
  }
  Contact person;
  person.name = surname + random.pick(knowledge.words_of("zh_given"));
  if (random.chance(0.3)) {
    person.aliases.push_back(surname + random.pick(knowledge.words_of("zh_titles")));
  }
  if (random.chance(0.12)) {
    person.aliases.push_back((random.chance(0.5) ? "老" : "小") + surname);
  }
  if (random.chance(0.06)) {
    person.aliases.push_back(random.pick(knowledge.words_of("zh_kin")));
  }
  return person;
}

Contact english_person(const Knowledge &knowledge, Random &random) {
  Contact person;
  const auto &first = random.pick(knowledge.words_of("en_first"));
  const auto &last = random.pick(knowledge.words_of("en_last"));
  person.name = first + " " + last;
  if (random.chance(0.55)) {
    person.aliases.push_back(first);
  }
  if (random.chance(0.12)) {
    person.aliases.push_back(random.pick(knowledge.words_of("en_titles")) + " " + last);
  }
  if (random.chance(0.06)) {
    person.aliases.push_back(random.pick(knowledge.words_of("en_kin")));
  }
  return person;
}

// 李建国 → 李建果: the same sound, another character, from the list's pairs.
std::string sound_alike(const Knowledge &knowledge, const std::string &name, Random &random) {
  std::vector<std::string> found;
  for (const auto &pair : knowledge.words_of("zh_name_twins")) { // "国果"
    const auto first = pair.substr(0, 3);
    const auto second = pair.substr(3);
    if (const auto at = name.rfind(first); at != std::string::npos && at > 0) {
      auto twin = name;
      twin.replace(at, first.size(), second);
      found.push_back(std::move(twin));
    }
  }
  return found.empty() ? std::string() : random.pick(found);
}

} // namespace

std::vector<Contact> draw_contacts(const Knowledge &knowledge, Language language, std::size_t count, Random &random) {
  std::vector<Contact> people;
  std::set<std::string> names;
  const bool with_details = random.chance(0.3);
  while (people.size() < count) {
    const bool chinese = language == Language::kChinese ? !random.chance(0.06) : random.chance(0.04);
    Contact person = chinese ? chinese_person(knowledge, random, "") : english_person(knowledge, random);
    if (!people.empty() && random.chance(0.08)) { // somebody who is easily taken for another
      const auto &other = random.pick(people);
      if (language_of(other.name) == Language::kChinese) {
        const auto twin = sound_alike(knowledge, other.name, random);
        person = twin.empty() ? chinese_person(knowledge, random, other.name.substr(0, 3)) : Contact{twin, "", "", {}};
      } else if (const auto space = other.name.find(' '); space != std::string::npos) {
        person.name = other.name.substr(0, space) + " " + random.pick(knowledge.words_of("en_last"));
        person.aliases.clear();
      }
    }
    if (!names.insert(person.name).second) {
      person.name += language_of(person.name) == Language::kChinese
                         ? random.pick(knowledge.words_of("zh_given")).substr(0, 3)
                         : " " + random.pick(knowledge.words_of("en_last"));
      if (!names.insert(person.name).second) {
        continue;
      }
    }
    std::erase_if(person.aliases, [&](const std::string &alias) { return !names.insert(alias).second; });
    if (with_details) {
      auto account =
          lower(language_of(person.name) == Language::kChinese ? "user" + std::to_string(people.size()) : person.name);
      std::replace(account.begin(), account.end(), ' ', '.');
      person.email = account + "@example." + (random.chance(0.5) ? "com" : "cn");
    }
    people.push_back(std::move(person));
  }
  return people;
}

} // namespace yanxing::sim
