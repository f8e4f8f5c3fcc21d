// Where each square of the map stands: codes of ISO 3166-1, about where the countries lie towards each other. Crowded parts
// of the world have more room than on a map; the smallest islands and states are told of below it.
export const TILES = `
.. .. .. .. .. .. GL IS .. .. .. .. .. .. .. FI .. .. .. .. .. .. .. .. RU
.. .. .. .. .. .. .. .. FO .. .. NO .. SE LV EE
.. .. .. .. .. .. .. .. IE GB NL DK .. PL LT
.. .. .. .. .. .. .. .. .. .. BE DE CZ SK .. BY
.. .. CA .. .. .. .. .. .. .. LU CH AT HU .. UA .. .. .. KZ
.. .. .. .. .. .. .. .. .. .. FR SI HR .. RO MD .. GE .. .. .. .. .. MN
.. .. US .. .. .. .. .. .. ES .. BA ME RS XK BG .. AM AZ UZ KG .. .. .. KP
.. .. .. .. .. .. .. .. PT .. IT .. AL MK .. SY TR IQ TM TJ .. .. .. .. JP
.. .. MX .. .. .. .. EH MA .. DZ TN MT GR CY PS LB KW IR AF .. .. CN .. KR
.. .. CU BS HT .. .. .. MR .. .. .. .. LY EG IL JO BH QA PK NP BT MM HK TW
.. GT BZ JM DO PR CV SN .. ML .. NE .. TD SD .. ER SA OM AE IN BD LA VN
SV .. HN NI .. TT GM GW GN BF BJ NG CM CF .. SS ET DJ YE .. LK .. TH KH PH
.. .. CR PA VE .. .. SL CI GH TG GQ CG CD RW UG KE SO .. MV .. .. MY .. BN
.. .. .. CO GY SR GF LR .. .. .. GA .. .. BI TZ .. .. SC .. .. .. .. SG ID
.. .. EC PE .. BR .. .. .. .. .. .. .. AO ZM MW .. .. .. .. .. .. .. .. .. PG SB
.. .. .. .. BO PY .. .. .. .. .. .. NA BW ZW MZ .. MG MU .. .. .. .. .. TL .. VU FJ
.. .. .. CL AR UY .. .. .. .. .. .. .. ZA LS SZ .. .. .. .. .. .. .. .. .. AU NC
.. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. NZ
`;
