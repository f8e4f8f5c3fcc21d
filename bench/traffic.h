/*
 * What the made-up visitors of bench/generate.c are like: weighted lists of
 * places, browsers and ways to come, in about the shares that public sites in
 * Europe report.  Weights are of a thousand, but need not add up.
 */
#pragma once

struct traffic_place {
    unsigned weight;
    const char *country, *region, *city;
};

static const struct traffic_place traffic_places[] = {
    {62, "DE", "BE", "Berlin"},        {38, "DE", "HH", "Hamburg"},    {44, "DE", "BY", "Munich"},
    {30, "DE", "NW", "Cologne"},       {22, "DE", "HE", "Frankfurt"},  {14, "DE", "BW", "Stuttgart"},
    {11, "DE", "NW", "Dortmund"},      {9, "DE", "SN", "Leipzig"},     {8, "DE", "SN", "Dresden"},
    {7, "DE", "NI", "Hanover"},        {5, "DE", "HB", "Bremen"},      {60, "FR", "IDF", "Paris"},
    {14, "FR", "ARA", "Lyon"},         {11, "FR", "PAC", "Marseille"}, {7, "FR", "OCC", "Toulouse"},
    {5, "FR", "NAQ", "Bordeaux"},      {58, "GB", "ENG", "London"},    {14, "GB", "ENG", "Manchester"},
    {9, "GB", "ENG", "Birmingham"},    {7, "GB", "SCT", "Glasgow"},    {5, "GB", "SCT", "Edinburgh"},
    {30, "AT", "9", "Vienna"},         {6, "AT", "6", "Graz"},         {4, "AT", "5", "Salzburg"},
    {22, "CH", "ZH", "Zurich"},        {7, "CH", "GE", "Geneva"},      {4, "CH", "BE", "Bern"},
    {34, "NL", "NH", "Amsterdam"},     {11, "NL", "ZH", "Rotterdam"},  {5, "NL", "UT", "Utrecht"},
    {26, "IT", "25", "Milan"},         {19, "IT", "62", "Rome"},       {5, "IT", "45", "Bologna"},
    {24, "ES", "MD", "Madrid"},        {19, "ES", "CT", "Barcelona"},  {5, "ES", "VC", "Valencia"},
    {26, "PL", "14", "Warsaw"},        {8, "PL", "12", "Krakow"},      {15, "SE", "AB", "Stockholm"},
    {5, "SE", "O", "Gothenburg"},      {12, "DK", "84", "Copenhagen"}, {10, "NO", "03", "Oslo"},
    {10, "FI", "18", "Helsinki"},      {12, "BE", "BRU", "Brussels"},  {5, "BE", "VAN", "Antwerp"},
    {11, "CZ", "10", "Prague"},        {7, "PT", "11", "Lisbon"},      {4, "PT", "13", "Porto"},
    {9, "IE", "L", "Dublin"},          {6, "GR", "I", "Athens"},       {6, "HU", "BU", "Budapest"},
    {6, "RO", "B", "Bucharest"},       {30, "US", "NY", "New York"},   {22, "US", "CA", "Los Angeles"},
    {15, "US", "CA", "San Francisco"}, {12, "US", "IL", "Chicago"},    {9, "US", "TX", "Austin"},
    {8, "US", "WA", "Seattle"},        {7, "US", "MA", "Boston"},      {12, "CA", "ON", "Toronto"},
    {5, "CA", "QC", "Montreal"},       {19, "IN", "MH", "Mumbai"},     {14, "IN", "KA", "Bengaluru"},
    {9, "JP", "13", "Tokyo"},          {8, "SG", "", "Singapore"},     {8, "AU", "NSW", "Sydney"},
    {6, "AU", "VIC", "Melbourne"},     {12, "BR", "SP", "Sao Paulo"},  {5, "MX", "CMX", "Mexico City"},
    {4, "ZA", "GP", "Johannesburg"},   {8, "TR", "34", "Istanbul"},    {25, "", "", ""},
};

struct traffic_agent {
    unsigned weight;
    const char *device, *brand, *os, *os_version, *browser;
    unsigned version; /* the newest; older ones go around, too */
    unsigned width, height;
};

static const struct traffic_agent traffic_agents[] = {
    {120, "phone", "Samsung", "Android", "14", "Chrome Mobile", 142, 384, 832},
    {80, "phone", "Samsung", "Android", "13", "Chrome Mobile", 142, 412, 915},
    {40, "phone", "Xiaomi", "Android", "13", "Chrome Mobile", 141, 393, 873},
    {25, "phone", "Google", "Android", "15", "Chrome Mobile", 142, 412, 892},
    {20, "phone", "Samsung", "Android", "14", "Samsung Internet", 28, 384, 832},
    {10, "phone", "OnePlus", "Android", "14", "Chrome Mobile", 142, 412, 919},
    {8, "phone", "Motorola", "Android", "12", "Firefox Mobile", 143, 412, 869},
    {130, "phone", "Apple", "iOS", "18.6", "Mobile Safari", 18, 393, 852},
    {60, "phone", "Apple", "iOS", "17.7", "Mobile Safari", 17, 390, 844},
    {25, "phone", "Apple", "iOS", "18.6", "Chrome Mobile iOS", 142, 430, 932},
    {12, "tablet", "Apple", "iOS", "18.6", "Mobile Safari", 18, 820, 1180},
    {6, "tablet", "Samsung", "Android", "14", "Chrome", 142, 800, 1280},
    {130, "desktop", "", "Windows", "10", "Chrome", 142, 1920, 1080},
    {50, "desktop", "", "Windows", "10", "Chrome", 142, 1536, 864},
    {50, "desktop", "", "Windows", "10", "Edge", 142, 1920, 1080},
    {25, "desktop", "", "Windows", "10", "Firefox", 144, 1920, 1080},
    {10, "desktop", "", "Windows", "10", "Opera", 122, 1366, 768},
    {45, "desktop", "Apple", "Mac OS X", "10.15", "Safari", 18, 1440, 900},
    {40, "desktop", "Apple", "Mac OS X", "10.15", "Chrome", 142, 1512, 982},
    {8, "desktop", "Apple", "Mac OS X", "10.15", "Firefox", 144, 1440, 900},
    {15, "desktop", "", "Linux", "", "Chrome", 142, 2560, 1440},
    {18, "desktop", "", "Linux", "", "Firefox", 144, 1920, 1080},
    {8, "desktop", "", "Ubuntu", "", "Firefox", 144, 1920, 1080},
    {5, "desktop", "", "Chrome OS", "16181.61", "Chrome", 142, 1366, 768},
    {4, "tv", "Samsung", "Tizen", "6.0", "Samsung Internet", 28, 1920, 1080},
};

struct traffic_origin {
    unsigned weight;
    const char *source, *channel, *referrer, *utm_source, *utm_medium, *utm_campaign;
};

static const struct traffic_origin traffic_origins[] = {
    {330, "", "direct", "", "", "", ""},
    {280, "Google", "search", "https://www.google.com/", "", "", ""},
    {35, "Bing", "search", "https://www.bing.com/", "", "", ""},
    {25, "DuckDuckGo", "search", "https://duckduckgo.com/", "", "", ""},
    {10, "Ecosia", "search", "https://www.ecosia.org/", "", "", ""},
    {40, "Facebook", "social", "https://l.facebook.com/", "", "", ""},
    {25, "Instagram", "social", "https://l.instagram.com/", "", "", ""},
    {20, "Reddit", "social", "https://www.reddit.com/", "", "", ""},
    {15, "LinkedIn", "social", "https://www.linkedin.com/", "", "", ""},
    {12, "Mastodon", "social", "https://mastodon.social/", "", "", ""},
    {20, "YouTube", "video", "https://www.youtube.com/", "", "", ""},
    {15, "ChatGPT", "ai", "https://chatgpt.com/", "chatgpt.com", "", ""},
    {6, "Perplexity", "ai", "https://www.perplexity.ai/", "", "", ""},
    {14, "GitHub", "referral", "https://github.com/crumb/crumb", "", "", ""},
    {12, "news.example", "referral", "https://news.example/items/1812", "", "", ""},
    {9, "blog.example", "referral", "https://blog.example/on-measuring", "", "", ""},
    {6, "forum.example", "referral", "https://forum.example/t/4711", "", "", ""},
    {30, "newsletter", "mail", "", "newsletter", "email", "weekly"},
    {12, "newsletter", "mail", "", "newsletter", "email", "spring-sale"},
    {25, "Google", "paid_search", "https://www.google.com/", "google", "cpc", "brand"},
    {18, "Google", "paid_search", "https://www.google.com/", "google", "cpc", "shoes-eu"},
    {16, "Facebook", "paid_social", "https://l.facebook.com/", "facebook", "paid", "retargeting"},
    {8, "partner.example", "affiliate", "https://partner.example/best-of", "partner", "affiliate", "best-of"},
};

/* The languages go with the country only in part, as people travel and set what they like. */
static const struct {
    const char *country, *language;
} traffic_languages[] = {
    {"DE", "de-DE"}, {"AT", "de-AT"}, {"CH", "de-CH"}, {"FR", "fr-FR"}, {"GB", "en-GB"},
    {"US", "en-US"}, {"NL", "nl-NL"}, {"IT", "it-IT"}, {"ES", "es-ES"}, {"PL", "pl-PL"},
    {"SE", "sv-SE"}, {"DK", "da-DK"}, {"NO", "nb-NO"}, {"FI", "fi-FI"}, {"BE", "fr-BE"},
    {"CZ", "cs-CZ"}, {"PT", "pt-PT"}, {"BR", "pt-BR"}, {"JP", "ja-JP"}, {"TR", "tr-TR"},
};

/* Visits by hour of the day, and by day of the week from Monday. */
static const unsigned traffic_hours[24] = {12, 7,  5,  4,  4,  7,  15, 28, 42, 52, 56, 57,
                                           55, 54, 54, 53, 52, 52, 53, 56, 58, 52, 37, 22};
static const unsigned traffic_weekdays[7] = {112, 113, 110, 106, 96, 78, 85};
