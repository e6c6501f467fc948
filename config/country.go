package config

import "strings"

// countries are the officially assigned codes of ISO 3166-1 alpha-2, of 249
// countries and territories.
const countries = `
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL
BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV
CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM
IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK
LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR
PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS
ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
`

func isCountry(code string) bool {
	return len(code) == 2 && strings.Contains(strings.ReplaceAll(countries, "\n", " "), " "+code+" ")
}

type countryCode struct{ code, name string }

// countryInstead says what somebody meant with a code that many write and none
// is assigned to.
func countryInstead() map[string]countryCode {
	return map[string]countryCode{
		"UK": {"GB", "the United Kingdom"}, "EN": {"GB", "the United Kingdom"},
		"EL": {"GR", "Greece"}, "JA": {"JP", "Japan"}, "DA": {"DK", "Denmark"},
		"CS": {"CZ", "the Czech Republic"}, "KO": {"KR", "South Korea"},
		"GER": {"DE", "Germany"}, "DEU": {"DE", "Germany"}, "GERMANY": {"DE", "Germany"}, "DEUTSCHLAND": {"DE", "Germany"},
		"USA": {"US", "the United States"}, "GBR": {"GB", "the United Kingdom"}, "ENGLAND": {"GB", "the United Kingdom"},
		"AUT": {"AT", "Austria"}, "CHE": {"CH", "Switzerland"}, "FRA": {"FR", "France"}, "FRANCE": {"FR", "France"},
		"ITA": {"IT", "Italy"}, "ESP": {"ES", "Spain"}, "NLD": {"NL", "the Netherlands"}, "POL": {"PL", "Poland"},
		"SWE": {"SE", "Sweden"}, "NOR": {"NO", "Norway"}, "DNK": {"DK", "Denmark"}, "CAN": {"CA", "Canada"}, "AUS": {"AU", "Australia"},
	}
}
