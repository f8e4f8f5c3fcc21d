// A shop's settings for the banner, of a realistic size: three purposes, two recipients, three languages.

const en = {
    title: 'Your choice',
    body: 'With your permission we measure how this site is used. Nothing is stored or read before you choose, and you can '
        + 'change your mind at any time.',
    accept: 'Accept',
    reject: 'Reject',
    choose: 'Choose',
    save: 'Save my choice',
    withdraw: 'Withdraw my consent',
    close: 'Close',
    back: 'Back',
    accept_more: 'One more question',
    allow: 'Allow',
    refuse: 'Refuse',
    'necessary.title': 'Necessary',
    'necessary.description': 'Your choice itself is kept in a cookie, so that you are not asked on every page. It names '
        + 'nobody and cannot be switched off.',
    settings_title: 'Privacy choices',
    recipients: 'Recipients',
    storage: 'Stored in',
    retention: 'Kept for',
    controller: 'Responsible',
    more: 'More about privacy',
    'retention.journal': 'Single events',
    'retention.segments': 'Visits',
    'retention.visitor': 'The number in your cookie',
    'retention.choice': 'Your choice',
    gpc: 'Your browser’s privacy signal is honoured; nothing optional is on.',
    minor: 'Nothing optional is on for young visitors.',
    saving_failed: 'Your choice could not be saved, so everything stays off. Please try again.',
    saved: 'Your choice is saved.',
    changed: 'This notice has changed since you opened it. Please choose again.',
    'opt_out.title': 'We measure visits',
    'opt_out.body': 'We measure how this site is used, from now on. You can say no, here and at any time.',
    'notice_only.title': 'We measure visits',
    'notice_only.body': 'We measure how this site is used.',
    ok: 'OK',
    blocked: 'This content is blocked, as it needs: {purpose}.',
    load: 'Allow and load',
    control: 'Privacy choices',
};

const de = {
    ...en,
    title: 'Ihre Wahl',
    body: 'Mit Ihrer Erlaubnis messen wir, wie diese Website genutzt wird. Bevor Sie wählen, wird nichts gespeichert oder '
        + 'gelesen, und Sie können Ihre Meinung jederzeit ändern.',
    accept: 'Annehmen',
    reject: 'Ablehnen',
    choose: 'Auswählen',
    save: 'Auswahl speichern',
    settings_title: 'Datenschutz-Einstellungen',
    control: 'Datenschutz',
};

const ar = {
    ...en,
    title: 'الخيار لك',
    body: 'بإذنك نقيس كيفية استخدام هذا الموقع. لا يُخزَّن شيء ولا يُقرأ قبل أن تختار، ويمكنك تغيير رأيك في أي وقت.',
    accept: 'قبول',
    reject: 'رفض',
    choose: 'اختيار',
    save: 'حفظ اختياري',
    close: 'إغلاق',
    back: 'رجوع',
    settings_title: 'خيارات الخصوصية',
    recipients: 'المستلمون',
    storage: 'مكان الحفظ',
    retention: 'مدة الحفظ',
    controller: 'المسؤول',
    more: 'المزيد عن الخصوصية',
    'retention.journal': 'أحداث مفردة',
    'retention.segments': 'الزيارات',
    'retention.visitor': 'الرقم في ملف تعريف الارتباط',
    'retention.choice': 'اختيارك',
    'necessary.title': 'ضروري',
    'necessary.description': 'يُحفظ اختيارك نفسه حتى لا تُسأل في كل صفحة. لا يحدد هوية أحد ولا يمكن إيقافه.',
    control: 'خيارات الخصوصية',
};

export const texts = { en, de, ar };

const described = {
    en: {
        analytics: ['Measuring visits', 'Which pages are visited, when and for how long, and from what kind of device.'],
        journeys: ['Ways through the site', 'What is clicked, and in which order pages are visited.'],
        marketing: ['Advertising', 'Telling the named recipients about your visit so that they can show you ads.'],
    },
    ar: {
        analytics: ['قياس الزيارات', 'ما الصفحات التي تُزار ومتى وكم من الوقت، ومن أي نوع من الأجهزة.'],
        journeys: ['المسارات في الموقع', 'ما يُنقر عليه وبأي ترتيب تُزار الصفحات.'],
        marketing: ['الإعلانات', 'إبلاغ المستلمين المذكورين بزيارتك ليعرضوا عليك إعلانات.'],
    },
};

export function purposes(lang) {
    const words = described[lang] ?? described.en;
    const purpose = (name, more) => ({
        name, title: words[name][0], description: words[name][1], separate: false, recipients: [], collects: [],
        cookies: [], mode: [], ...more,
    });
    return [
        purpose('analytics', { collects: ['log', 'device'], cookies: ['_ga', '_ga_*'], mode: ['analytics_storage'] }),
        purpose('journeys', { collects: ['clickpath'] }),
        purpose('marketing', {
            recipients: [
                { name: 'Flour & Flyers Ltd', country: 'GB', why: 'shows our advertisements' },
                { name: 'Ad Partner Inc', country: 'US', why: 'measures which of them are seen' },
            ],
            cookies: ['_fbp'],
            mode: ['ad_storage', 'ad_user_data', 'ad_personalization'],
        }),
    ];
}

export const site = {
    site: 'shop',
    langs: ['en', 'de', 'ar'],
    regime: 'opt_in',
    minor: false,
    controller: { name: 'Crumb & Co', address: '3 Oven Lane, Rye', contact: 'privacy@crumb-and-co.example' },
    storage: { country: 'DE', location: 'Frankfurt' },
    retention: { journal: '2592000s', segments: '64800000s', choice: '15552000s', refusal: '15552000s', visitor: '33696000s' },
    control: true,
    pixel: false,
};
