/*
 * Two sorted tables and a search from the whole host to its end: the nearest
 * row above a host is its.  What is in them is common knowledge, gathered by
 * hand; additions are welcome in the order of bytes, which a test looks at.
 */
#include "crumb/ingest/source_sites.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/suffixes.h"
#include <stdlib.h>
#include <strings.h>

/* By host, in the order of bytes. */
static const struct source_site hosts[] = {
    {"a.co", "Amazon", CHANNEL_SHOPPING, false},
    {"ai.perplexity.app.android", "Perplexity", CHANNEL_AI, false},
    {"ai.x.grok", "Grok", CHANNEL_AI, false},
    {"alibaba.com", "Alibaba", CHANNEL_SHOPPING, false},
    {"amzn.eu", "Amazon", CHANNEL_SHOPPING, false},
    {"amzn.to", "Amazon", CHANNEL_SHOPPING, false},
    {"andisearch.com", "Andi", CHANNEL_AI, false},
    {"app.hey.com", "HEY", CHANNEL_MAIL, false},
    {"app.tuta.com", "Tuta", CHANNEL_MAIL, false},
    {"ask.com", "Ask", CHANNEL_SEARCH, false},
    {"b.hatena.ne.jp", "Hatena", CHANNEL_SOCIAL, false},
    {"b23.tv", "Bilibili", CHANNEL_VIDEO, false},
    {"baidu.com", "Baidu", CHANNEL_SEARCH, false},
    {"bard.google.com", "Gemini", CHANNEL_AI, false},
    {"bestbuy.com", "Best Buy", CHANNEL_SHOPPING, false},
    {"bilibili.com", "Bilibili", CHANNEL_VIDEO, false},
    {"billiger.de", "billiger.de", CHANNEL_SHOPPING, false},
    {"bing.com", "Bing", CHANNEL_SEARCH, false},
    {"bitchute.com", "BitChute", CHANNEL_VIDEO, false},
    {"bol.com", "bol.com", CHANNEL_SHOPPING, false},
    {"bsky.app", "Bluesky", CHANNEL_SOCIAL, false},
    {"bsky.social", "Bluesky", CHANNEL_SOCIAL, false},
    {"campaign-archive.com", "Mailchimp", CHANNEL_MAIL, false},
    {"cdiscount.com", "Cdiscount", CHANNEL_SHOPPING, false},
    {"ch.protonmail.android", "Proton Mail", CHANNEL_MAIL, false},
    {"chaos.social", "Mastodon", CHANNEL_SOCIAL, false},
    {"character.ai", "Character.AI", CHANNEL_AI, false},
    {"chat.mistral.ai", "Mistral", CHANNEL_AI, false},
    {"chat.openai.com", "ChatGPT", CHANNEL_AI, false},
    {"chat.qwen.ai", "Qwen", CHANNEL_AI, false},
    {"chatglm.cn", "ChatGLM", CHANNEL_AI, false},
    {"chatgpt.com", "ChatGPT", CHANNEL_AI, false},
    {"claude.ai", "Claude", CHANNEL_AI, false},
    {"claude.com", "Claude", CHANNEL_AI, true},
    {"coccoc.com", "Coc Coc", CHANNEL_SEARCH, false},
    {"com.amazon.mshop.android.shopping", "Amazon", CHANNEL_SHOPPING, false},
    {"com.anthropic.claude", "Claude", CHANNEL_AI, false},
    {"com.deepseek.chat", "DeepSeek", CHANNEL_AI, false},
    {"com.discord", "Discord", CHANNEL_SOCIAL, false},
    {"com.duckduckgo.mobile.android", "DuckDuckGo", CHANNEL_SEARCH, false},
    {"com.ebay.mobile", "eBay", CHANNEL_SHOPPING, false},
    {"com.ecosia.android", "Ecosia", CHANNEL_SEARCH, false},
    {"com.einnovation.temu", "Temu", CHANNEL_SHOPPING, false},
    {"com.etsy.android", "Etsy", CHANNEL_SHOPPING, false},
    {"com.facebook.katana", "Facebook", CHANNEL_SOCIAL, false},
    {"com.facebook.lite", "Facebook", CHANNEL_SOCIAL, false},
    {"com.facebook.orca", "Messenger", CHANNEL_SOCIAL, false},
    {"com.fsck.k9", "K-9 Mail", CHANNEL_MAIL, false},
    {"com.google.android.apps.bard", "Gemini", CHANNEL_AI, false},
    {"com.google.android.apps.searchlite", "Google", CHANNEL_SEARCH, false},
    {"com.google.android.gm", "Gmail", CHANNEL_MAIL, false},
    {"com.google.android.googlequicksearchbox", "Google", CHANNEL_SEARCH, false},
    {"com.google.android.youtube", "YouTube", CHANNEL_VIDEO, false},
    {"com.instagram.android", "Instagram", CHANNEL_SOCIAL, false},
    {"com.instagram.barcelona", "Threads", CHANNEL_SOCIAL, false},
    {"com.kakao.talk", "KakaoTalk", CHANNEL_SOCIAL, false},
    {"com.linkedin.android", "LinkedIn", CHANNEL_SOCIAL, false},
    {"com.microsoft.bing", "Bing", CHANNEL_SEARCH, false},
    {"com.microsoft.copilot", "Microsoft Copilot", CHANNEL_AI, false},
    {"com.microsoft.office.outlook", "Outlook", CHANNEL_MAIL, false},
    {"com.microsoft.teams", "Microsoft Teams", CHANNEL_SOCIAL, false},
    {"com.nhn.android.search", "Naver", CHANNEL_SEARCH, false},
    {"com.openai.chatgpt", "ChatGPT", CHANNEL_AI, false},
    {"com.pinterest", "Pinterest", CHANNEL_SOCIAL, false},
    {"com.reddit.frontpage", "Reddit", CHANNEL_SOCIAL, false},
    {"com.sina.weibo", "Weibo", CHANNEL_SOCIAL, false},
    {"com.slack", "Slack", CHANNEL_SOCIAL, false},
    {"com.snapchat.android", "Snapchat", CHANNEL_SOCIAL, false},
    {"com.spotify.music", "Spotify", CHANNEL_AUDIO, false},
    {"com.ss.android.ugc.trill", "TikTok", CHANNEL_SOCIAL, false},
    {"com.tencent.mm", "WeChat", CHANNEL_SOCIAL, false},
    {"com.tumblr", "Tumblr", CHANNEL_SOCIAL, false},
    {"com.twitter.android", "X", CHANNEL_SOCIAL, false},
    {"com.viber.voip", "Viber", CHANNEL_SOCIAL, false},
    {"com.vkontakte.android", "VK", CHANNEL_SOCIAL, false},
    {"com.whatsapp", "WhatsApp", CHANNEL_SOCIAL, false},
    {"com.yahoo.mobile.client.android.mail", "Yahoo! Mail", CHANNEL_MAIL, false},
    {"com.zhiliaoapp.musically", "TikTok", CHANNEL_SOCIAL, false},
    {"copilot.cloud.microsoft", "Microsoft Copilot", CHANNEL_AI, false},
    {"copilot.com", "Microsoft Copilot", CHANNEL_AI, false},
    {"copilot.microsoft.com", "Microsoft Copilot", CHANNEL_AI, false},
    {"coupang.com", "Coupang", CHANNEL_SHOPPING, false},
    {"craigslist.org", "Craigslist", CHANNEL_SHOPPING, false},
    {"dai.ly", "Dailymotion", CHANNEL_VIDEO, false},
    {"dailymotion.com", "Dailymotion", CHANNEL_VIDEO, false},
    {"daum.net", "Daum", CHANNEL_SEARCH, true},
    {"deepseek.com", "DeepSeek", CHANNEL_AI, false},
    {"deezer.com", "Deezer", CHANNEL_AUDIO, false},
    {"deref-gmx.com", "GMX Mail", CHANNEL_MAIL, false},
    {"deref-gmx.net", "GMX Mail", CHANNEL_MAIL, false},
    {"deref-web.de", "WEB.DE Mail", CHANNEL_MAIL, false},
    {"digg.com", "Digg", CHANNEL_SOCIAL, false},
    {"discord.com", "Discord", CHANNEL_SOCIAL, false},
    {"discord.gg", "Discord", CHANNEL_SOCIAL, false},
    {"discordapp.com", "Discord", CHANNEL_SOCIAL, false},
    {"disneyplus.com", "Disney+", CHANNEL_VIDEO, false},
    {"dogpile.com", "Dogpile", CHANNEL_SEARCH, false},
    {"douban.com", "Douban", CHANNEL_SOCIAL, false},
    {"doubao.com", "Doubao", CHANNEL_AI, false},
    {"douyin.com", "Douyin", CHANNEL_SOCIAL, false},
    {"duck.ai", "Duck.ai", CHANNEL_AI, false},
    {"duckduckgo.com", "DuckDuckGo", CHANNEL_SEARCH, false},
    {"e.mail.ru", "Mail.ru Mail", CHANNEL_MAIL, false},
    {"ecosia.org", "Ecosia", CHANNEL_SEARCH, false},
    {"email.seznam.cz", "Seznam Email", CHANNEL_MAIL, false},
    {"email.t-online.de", "T-Online Mail", CHANNEL_MAIL, false},
    {"etsy.com", "Etsy", CHANNEL_SHOPPING, false},
    {"excite.com", "Excite", CHANNEL_SEARCH, false},
    {"facebook.com", "Facebook", CHANNEL_SOCIAL, false},
    {"fastmail.com", "Fastmail", CHANNEL_MAIL, false},
    {"fb.com", "Facebook", CHANNEL_SOCIAL, false},
    {"fb.me", "Facebook", CHANNEL_SOCIAL, false},
    {"felo.ai", "Felo", CHANNEL_AI, false},
    {"flickr.com", "Flickr", CHANNEL_SOCIAL, false},
    {"flipboard.app", "Flipboard", CHANNEL_SOCIAL, false},
    {"flipboard.com", "Flipboard", CHANNEL_SOCIAL, false},
    {"flipkart.com", "Flipkart", CHANNEL_SHOPPING, false},
    {"fosstodon.org", "Mastodon", CHANNEL_SOCIAL, false},
    {"gab.com", "Gab", CHANNEL_SOCIAL, false},
    {"gemini.google.com", "Gemini", CHANNEL_AI, false},
    {"genspark.ai", "Genspark", CHANNEL_AI, false},
    {"go.mail.ru", "Mail.ru", CHANNEL_SEARCH, false},
    {"goodreads.com", "Goodreads", CHANNEL_SOCIAL, false},
    {"grok.com", "Grok", CHANNEL_AI, false},
    {"hachyderm.io", "Mastodon", CHANNEL_SOCIAL, false},
    {"haosou.com", "360 Search", CHANNEL_SEARCH, false},
    {"hepsiburada.com", "Hepsiburada", CHANNEL_SHOPPING, false},
    {"hotmail.com", "Outlook", CHANNEL_MAIL, false},
    {"hulu.com", "Hulu", CHANNEL_VIDEO, false},
    {"iask.ai", "iAsk", CHANNEL_AI, false},
    {"indiehackers.com", "Indie Hackers", CHANNEL_SOCIAL, false},
    {"info.com", "Info.com", CHANNEL_SEARCH, false},
    {"infosec.exchange", "Mastodon", CHANNEL_SOCIAL, false},
    {"instagram.com", "Instagram", CHANNEL_SOCIAL, false},
    {"iqiyi.com", "iQIYI", CHANNEL_VIDEO, false},
    {"jd.com", "JD.com", CHANNEL_SHOPPING, false},
    {"jp.naver.line.android", "LINE", CHANNEL_SOCIAL, false},
    {"kagi.com", "Kagi", CHANNEL_SEARCH, false},
    {"kick.com", "Kick", CHANNEL_VIDEO, false},
    {"kimi.com", "Kimi", CHANNEL_AI, false},
    {"kimi.moonshot.cn", "Kimi", CHANNEL_AI, false},
    {"kleinanzeigen.de", "Kleinanzeigen", CHANNEL_SHOPPING, false},
    {"komo.ai", "Komo", CHANNEL_AI, false},
    {"leboncoin.fr", "leboncoin", CHANNEL_SHOPPING, false},
    {"lemmy.ml", "Lemmy", CHANNEL_SOCIAL, false},
    {"lemmy.world", "Lemmy", CHANNEL_SOCIAL, false},
    {"leta.mullvad.net", "Leta", CHANNEL_SEARCH, false},
    {"line.me", "LINE", CHANNEL_SOCIAL, false},
    {"linkedin.com", "LinkedIn", CHANNEL_SOCIAL, false},
    {"list-manage.com", "Mailchimp", CHANNEL_MAIL, false},
    {"livejournal.com", "LiveJournal", CHANNEL_SOCIAL, false},
    {"lnkd.in", "LinkedIn", CHANNEL_SOCIAL, false},
    {"lobste.rs", "Lobsters", CHANNEL_SOCIAL, false},
    {"lumo.proton.me", "Lumo", CHANNEL_AI, false},
    {"lycos.com", "Lycos", CHANNEL_SEARCH, false},
    {"m365.cloud.microsoft", "Microsoft Copilot", CHANNEL_AI, false},
    {"mail.126.com", "NetEase Mail", CHANNEL_MAIL, false},
    {"mail.163.com", "NetEase Mail", CHANNEL_MAIL, false},
    {"mail.aol.com", "AOL Mail", CHANNEL_MAIL, false},
    {"mail.daum.net", "Daum Mail", CHANNEL_MAIL, false},
    {"mail.google.com", "Gmail", CHANNEL_MAIL, false},
    {"mail.icloud.com", "iCloud Mail", CHANNEL_MAIL, false},
    {"mail.libero.it", "Libero Mail", CHANNEL_MAIL, false},
    {"mail.live.com", "Outlook", CHANNEL_MAIL, false},
    {"mail.naver.com", "Naver Mail", CHANNEL_MAIL, false},
    {"mail.orange.fr", "Orange Mail", CHANNEL_MAIL, false},
    {"mail.proton.me", "Proton Mail", CHANNEL_MAIL, false},
    {"mail.protonmail.com", "Proton Mail", CHANNEL_MAIL, false},
    {"mail.qq.com", "QQ Mail", CHANNEL_MAIL, false},
    {"mail.tutanota.com", "Tuta", CHANNEL_MAIL, false},
    {"mailbox.org", "mailbox.org", CHANNEL_MAIL, false},
    {"marginalia-search.com", "Marginalia", CHANNEL_SEARCH, false},
    {"marktplaats.nl", "Marktplaats", CHANNEL_SHOPPING, false},
    {"mas.to", "Mastodon", CHANNEL_SOCIAL, false},
    {"mastodon.online", "Mastodon", CHANNEL_SOCIAL, false},
    {"mastodon.social", "Mastodon", CHANNEL_SOCIAL, false},
    {"meetup.com", "Meetup", CHANNEL_SOCIAL, false},
    {"messagerie.orange.fr", "Orange Mail", CHANNEL_MAIL, false},
    {"messenger.com", "Messenger", CHANNEL_SOCIAL, false},
    {"meta.ai", "Meta AI", CHANNEL_AI, false},
    {"metager.de", "MetaGer", CHANNEL_SEARCH, false},
    {"metager.org", "MetaGer", CHANNEL_SEARCH, false},
    {"mojeek.com", "Mojeek", CHANNEL_SEARCH, false},
    {"mstdn.jp", "Mastodon", CHANNEL_SOCIAL, false},
    {"mstdn.social", "Mastodon", CHANNEL_SOCIAL, false},
    {"music.youtube.com", "YouTube Music", CHANNEL_AUDIO, false},
    {"naver.com", "Naver", CHANNEL_SEARCH, true},
    {"navigator.gmx.net", "GMX Mail", CHANNEL_MAIL, false},
    {"navigator.web.de", "WEB.DE Mail", CHANNEL_MAIL, false},
    {"net.thunderbird.android", "Thunderbird", CHANNEL_MAIL, false},
    {"netflix.com", "Netflix", CHANNEL_VIDEO, false},
    {"news.ycombinator.com", "Hacker News", CHANNEL_SOCIAL, false},
    {"nextdoor.com", "Nextdoor", CHANNEL_SOCIAL, false},
    {"nicovideo.jp", "Niconico", CHANNEL_VIDEO, false},
    {"notebooklm.google.com", "NotebookLM", CHANNEL_AI, false},
    {"nova.rambler.ru", "Rambler", CHANNEL_SEARCH, false},
    {"odnoklassniki.ru", "Odnoklassniki", CHANNEL_SOCIAL, false},
    {"odysee.com", "Odysee", CHANNEL_VIDEO, false},
    {"ok.ru", "Odnoklassniki", CHANNEL_SOCIAL, false},
    {"openai.com", "OpenAI", CHANNEL_AI, false},
    {"org.joinmastodon.android", "Mastodon", CHANNEL_SOCIAL, false},
    {"org.telegram.messenger", "Telegram", CHANNEL_SOCIAL, false},
    {"org.thoughtcrime.securesms", "Signal", CHANNEL_SOCIAL, false},
    {"otto.de", "Otto", CHANNEL_SHOPPING, false},
    {"outlook.com", "Outlook", CHANNEL_MAIL, false},
    {"outlook.live.com", "Outlook", CHANNEL_MAIL, false},
    {"outlook.office.com", "Outlook", CHANNEL_MAIL, false},
    {"outlook.office365.com", "Outlook", CHANNEL_MAIL, false},
    {"overcast.fm", "Overcast", CHANNEL_AUDIO, false},
    {"ozon.ru", "Ozon", CHANNEL_SHOPPING, false},
    {"pawoo.net", "Mastodon", CHANNEL_SOCIAL, false},
    {"pca.st", "Pocket Casts", CHANNEL_AUDIO, false},
    {"perplexity.ai", "Perplexity", CHANNEL_AI, false},
    {"petalsearch.com", "Petal Search", CHANNEL_SEARCH, false},
    {"phind.com", "Phind", CHANNEL_AI, false},
    {"pi.ai", "Pi", CHANNEL_AI, false},
    {"pin.it", "Pinterest", CHANNEL_SOCIAL, false},
    {"pinduoduo.com", "Pinduoduo", CHANNEL_SHOPPING, false},
    {"plurk.com", "Plurk", CHANNEL_SOCIAL, false},
    {"pocketcasts.com", "Pocket Casts", CHANNEL_AUDIO, false},
    {"poczta.onet.pl", "Onet Poczta", CHANNEL_MAIL, false},
    {"poczta.wp.pl", "WP Poczta", CHANNEL_MAIL, false},
    {"podcasts.apple.com", "Apple Podcasts", CHANNEL_AUDIO, false},
    {"poe.com", "Poe", CHANNEL_AI, false},
    {"posteo.de", "Posteo", CHANNEL_MAIL, false},
    {"presearch.com", "Presearch", CHANNEL_SEARCH, false},
    {"presearch.io", "Presearch", CHANNEL_SEARCH, false},
    {"producthunt.com", "Product Hunt", CHANNEL_SOCIAL, false},
    {"quora.com", "Quora", CHANNEL_SOCIAL, false},
    {"qwant.com", "Qwant", CHANNEL_SEARCH, false},
    {"qzone.qq.com", "Qzone", CHANNEL_SOCIAL, false},
    {"redd.it", "Reddit", CHANNEL_SOCIAL, false},
    {"reddit.com", "Reddit", CHANNEL_SOCIAL, false},
    {"ricardo.ch", "Ricardo", CHANNEL_SHOPPING, false},
    {"rumble.com", "Rumble", CHANNEL_VIDEO, false},
    {"rutube.ru", "Rutube", CHANNEL_VIDEO, false},
    {"search.aol.com", "AOL", CHANNEL_SEARCH, false},
    {"search.brave.com", "Brave", CHANNEL_SEARCH, false},
    {"search.daum.net", "Daum", CHANNEL_SEARCH, false},
    {"search.goo.ne.jp", "Goo", CHANNEL_SEARCH, false},
    {"search.lilo.org", "Lilo", CHANNEL_SEARCH, false},
    {"search.marginalia.nu", "Marginalia", CHANNEL_SEARCH, false},
    {"search.naver.com", "Naver", CHANNEL_SEARCH, false},
    {"search.seznam.cz", "Seznam", CHANNEL_SEARCH, false},
    {"seznam.cz", "Seznam", CHANNEL_SEARCH, true},
    {"shop.app", "Shop", CHANNEL_SHOPPING, false},
    {"shopping.google.com", "Google Shopping", CHANNEL_SHOPPING, false},
    {"slack.com", "Slack", CHANNEL_SOCIAL, false},
    {"slashdot.org", "Slashdot", CHANNEL_SOCIAL, false},
    {"sm.cn", "Shenma", CHANNEL_SEARCH, false},
    {"snapchat.com", "Snapchat", CHANNEL_SOCIAL, false},
    {"so.com", "360 Search", CHANNEL_SEARCH, false},
    {"so.toutiao.com", "Toutiao", CHANNEL_SEARCH, false},
    {"sogou.com", "Sogou", CHANNEL_SEARCH, false},
    {"soundcloud.com", "SoundCloud", CHANNEL_AUDIO, false},
    {"spotify.com", "Spotify", CHANNEL_AUDIO, false},
    {"stackexchange.com", "Stack Exchange", CHANNEL_SOCIAL, false},
    {"stackoverflow.com", "Stack Overflow", CHANNEL_SOCIAL, false},
    {"startpage.com", "Startpage", CHANNEL_SEARCH, false},
    {"statics.teams.cdn.office.net", "Microsoft Teams", CHANNEL_SOCIAL, false},
    {"story.kakao.com", "KakaoStory", CHANNEL_SOCIAL, false},
    {"stract.com", "Stract", CHANNEL_SEARCH, false},
    {"suche.gmx.net", "GMX", CHANNEL_SEARCH, false},
    {"suche.t-online.de", "T-Online", CHANNEL_SEARCH, false},
    {"suche.web.de", "WEB.DE", CHANNEL_SEARCH, false},
    {"swisscows.com", "Swisscows", CHANNEL_SEARCH, false},
    {"t.co", "X", CHANNEL_SOCIAL, false},
    {"t.me", "Telegram", CHANNEL_SOCIAL, false},
    {"taobao.com", "Taobao", CHANNEL_SHOPPING, false},
    {"target.com", "Target", CHANNEL_SHOPPING, false},
    {"teams.microsoft.com", "Microsoft Teams", CHANNEL_SOCIAL, false},
    {"ted.com", "TED", CHANNEL_VIDEO, false},
    {"telegram.me", "Telegram", CHANNEL_SOCIAL, false},
    {"telegram.org", "Telegram", CHANNEL_SOCIAL, false},
    {"temu.com", "Temu", CHANNEL_SHOPPING, false},
    {"threads.com", "Threads", CHANNEL_SOCIAL, false},
    {"threads.net", "Threads", CHANNEL_SOCIAL, false},
    {"tieba.baidu.com", "Baidu Tieba", CHANNEL_SOCIAL, false},
    {"tiktok.com", "TikTok", CHANNEL_SOCIAL, false},
    {"tmall.com", "Tmall", CHANNEL_SHOPPING, false},
    {"trendyol.com", "Trendyol", CHANNEL_SHOPPING, false},
    {"truthsocial.com", "Truth Social", CHANNEL_SOCIAL, false},
    {"tumblr.com", "Tumblr", CHANNEL_SOCIAL, false},
    {"tv.twitch.android.app", "Twitch", CHANNEL_VIDEO, false},
    {"twitch.tv", "Twitch", CHANNEL_VIDEO, false},
    {"twitter.com", "X", CHANNEL_SOCIAL, false},
    {"v.qq.com", "Tencent Video", CHANNEL_VIDEO, false},
    {"viber.com", "Viber", CHANNEL_SOCIAL, false},
    {"vimeo.com", "Vimeo", CHANNEL_VIDEO, false},
    {"vk.com", "VK", CHANNEL_SOCIAL, false},
    {"vk.me", "VK", CHANNEL_SOCIAL, false},
    {"vk.ru", "VK", CHANNEL_SOCIAL, false},
    {"wa.me", "WhatsApp", CHANNEL_SOCIAL, false},
    {"walmart.com", "Walmart", CHANNEL_SHOPPING, false},
    {"webcrawler.com", "WebCrawler", CHANNEL_SEARCH, false},
    {"wechat.com", "WeChat", CHANNEL_SOCIAL, false},
    {"weibo.cn", "Weibo", CHANNEL_SOCIAL, false},
    {"weibo.com", "Weibo", CHANNEL_SOCIAL, false},
    {"weixin.qq.com", "WeChat", CHANNEL_SOCIAL, false},
    {"whatsapp.com", "WhatsApp", CHANNEL_SOCIAL, false},
    {"wildberries.ru", "Wildberries", CHANNEL_SHOPPING, false},
    {"willhaben.at", "willhaben", CHANNEL_SHOPPING, false},
    {"wish.com", "Wish", CHANNEL_SHOPPING, false},
    {"wistia.com", "Wistia", CHANNEL_VIDEO, false},
    {"x.com", "X", CHANNEL_SOCIAL, false},
    {"xiaohongshu.com", "Xiaohongshu", CHANNEL_SOCIAL, false},
    {"xing.com", "XING", CHANNEL_SOCIAL, false},
    {"xyz.blueskyweb.app", "Bluesky", CHANNEL_SOCIAL, false},
    {"ya.ru", "Yandex", CHANNEL_SEARCH, false},
    {"yep.com", "Yep", CHANNEL_SEARCH, false},
    {"you.com", "You.com", CHANNEL_AI, false},
    {"youku.com", "Youku", CHANNEL_VIDEO, false},
    {"youtu.be", "YouTube", CHANNEL_VIDEO, false},
    {"youtube-nocookie.com", "YouTube", CHANNEL_VIDEO, false},
    {"youtube.com", "YouTube", CHANNEL_VIDEO, false},
    {"yuanbao.tencent.com", "Yuanbao", CHANNEL_AI, false},
    {"z.ai", "Z.ai", CHANNEL_AI, false},
    {"zalo.me", "Zalo", CHANNEL_SOCIAL, false},
    {"zhihu.com", "Zhihu", CHANNEL_SOCIAL, false},
};

/* By what stands before any public suffix, in the same order. */
static const struct source_site anywhere[] = {
    {"aliexpress", "AliExpress", CHANNEL_SHOPPING, false},
    {"allegro", "Allegro", CHANNEL_SHOPPING, false},
    {"amazon", "Amazon", CHANNEL_SHOPPING, false},
    {"check24", "CHECK24", CHANNEL_SHOPPING, false},
    {"cse.google", "Google", CHANNEL_SEARCH, false},
    {"ebay", "eBay", CHANNEL_SHOPPING, false},
    {"geizhals", "Geizhals", CHANNEL_SHOPPING, false},
    {"google", "Google", CHANNEL_SEARCH, true},
    {"gumtree", "Gumtree", CHANNEL_SHOPPING, false},
    {"idealo", "idealo", CHANNEL_SHOPPING, false},
    {"images.google", "Google", CHANNEL_SEARCH, false},
    {"kaufland", "Kaufland", CHANNEL_SHOPPING, false},
    {"lazada", "Lazada", CHANNEL_SHOPPING, false},
    {"mail.yahoo", "Yahoo! Mail", CHANNEL_MAIL, false},
    {"mail.yandex", "Yandex Mail", CHANNEL_MAIL, false},
    {"mail.zoho", "Zoho Mail", CHANNEL_MAIL, false},
    {"mercadolibre", "Mercado Libre", CHANNEL_SHOPPING, false},
    {"mercadolivre", "Mercado Libre", CHANNEL_SHOPPING, false},
    {"news.google", "Google", CHANNEL_SEARCH, false},
    {"pinterest", "Pinterest", CHANNEL_SOCIAL, false},
    {"rakuten", "Rakuten", CHANNEL_SHOPPING, false},
    {"search.yahoo", "Yahoo!", CHANNEL_SEARCH, false},
    {"shein", "SHEIN", CHANNEL_SHOPPING, false},
    {"shopee", "Shopee", CHANNEL_SHOPPING, false},
    {"vinted", "Vinted", CHANNEL_SHOPPING, false},
    {"yahoo", "Yahoo!", CHANNEL_SEARCH, true},
    {"yandex", "Yandex", CHANNEL_SEARCH, true},
    {"zalando", "Zalando", CHANNEL_SHOPPING, false},
};

/* Shorter names that people write into utm_source. */
static const struct {
    const char *said, *name;
} short_names[] = {
    {"fb", "Facebook"},
    {"ig", "Instagram"},
    {"insta", "Instagram"},
    {"li", "LinkedIn"},
    {"tt", "TikTok"},
    {"twitter", "X"},
    {"yt", "YouTube"},
    {"yahoo", "Yahoo!"},
    {"adwords", "Google"},
    {"googleads", "Google"},
    {"google_ads", "Google"},
    {"bing_ads", "Bing"},
    {"copilot", "Microsoft Copilot"},
    {"hn", "Hacker News"},
    {"stackoverflow", "Stack Overflow"},
};

#define N(table) (sizeof(table) / sizeof((table)[0]))

static int compare(const void *key, const void *row)
{
    const struct text *wanted = key;
    const char *host = ((const struct source_site *)row)->host;
    size_t size = strlen(host), shared = size < wanted->size ? size : wanted->size;
    int order = strncasecmp(wanted->data, host, shared);

    return order ? order : (wanted->size > size) - (wanted->size < size);
}

static bool is_plain_front(struct text front)
{
    return text_equal(front, TEXT("www.")) || text_equal(front, TEXT("m."));
}

static const struct source_site *find(const struct source_site *table, size_t n, struct text host)
{
    for (size_t at = host.size - suffixes_labels(host).size; at < host.size;
         at += text_find(text_from(host, at), '.') + 1) {
        struct text end = text_from(host, at), front = {.data = host.data, .size = at};
        const struct source_site *site = bsearch(&end, table, n, sizeof *table, compare);

        if (site)
            return site->alone && at && !is_plain_front(front) ? NULL : site;
    }
    return NULL;
}

const struct source_site *source_sites_row(size_t i)
{
    return i < N(hosts) ? &hosts[i] : i < N(hosts) + N(anywhere) ? &anywhere[i - N(hosts)] : NULL;
}

const struct source_site *source_sites_find(struct text host, struct text name)
{
    if (host.size > HOST_BYTES_MAX)
        return NULL; /* no host; to look at each of its labels would take long */
    const struct source_site *site = find(hosts, N(hosts), host);

    return site ? site : find(anywhere, N(anywhere), name);
}

static bool says(struct text text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

static const struct source_site *called(const struct source_site *table, size_t n, struct text name)
{
    for (size_t i = 0; i < n; i++)
        if (says(name, table[i].name))
            return &table[i];
    return NULL;
}

const struct source_site *source_sites_called(struct text name)
{
    if (name.size == 0)
        return NULL;
    for (size_t i = 0; i < N(short_names); i++)
        if (says(name, short_names[i].said))
            name = text_of(short_names[i].name);
    const struct source_site *site = called(anywhere, N(anywhere), name);
    return site ? site : called(hosts, N(hosts), name);
}
