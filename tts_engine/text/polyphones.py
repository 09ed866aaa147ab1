"""How public service reads characters that have several readings, where dictionaries err."""

import re

EXCEPTIONS = {
    phrase: reading.split()
    for phrase, reading in {
        # money and law
        "供养": "gong1 yang3", "还款": "huan2 kuan3", "还贷": "huan2 dai4", "还清": "huan2 qing1",
        "归还": "gui1 huan2", "返还": "fan3 huan2", "退还": "tui4 huan2", "偿还": "chang2 huan2",
        "耕还林": "geng1 huan2 lin2", "耕还草": "geng1 huan2 cao3", "载明": "zai3 ming2",
        "记载": "ji4 zai3", "登载": "deng1 zai3", "刊载": "kan1 zai3", "转载": "zhuan3 zai3",
        "供述": "gong4 shu4", "应付款": "ying1 fu4 kuan3", "应予": "ying1 yu3",
        "落下": "luo4 xia4", "加处": "jia1 chu3", "婚生子女": "hun1 sheng1 zi3 nv3",
        "恪尽": "ke4 jin4", "费尽": "fei4 jin4", "倾尽": "qing1 jin4",
        "尽到": "jin4 dao4", "未尽": "wei4 jin4", "应尽": "ying1 jin4", "尽职": "jin4 zhi2",
        "享尽享": "xiang3 jin4 xiang3", "保尽保": "bao3 jin4 bao3", "办尽办": "ban4 jin4 ban4",
        "支行": "zhi1 hang2", "分行": "fen1 hang2", "总行": "zong3 hang2", "央行": "yang1 hang2",
        "商行": "shang1 hang2", "典当行": "dian3 dang4 hang2", "行业": "hang2 ye4",
        "开户行": "kai1 hu4 hang2", "代办行": "dai4 ban4 hang2", "经办行": "jing1 ban4 hang2",
        "典当": "dian3 dang4", "重整": "chong2 zheng3", "多重": "duo1 chong2",
        "重婚": "chong2 hun1", "一式": "yi2 shi4", "参保": "can1 bao3", "参股": "can1 gu3",
        "缴存": "jiao3 cun2", "给付": "ji3 fu4", "给予": "ji3 yu3", "给排水": "ji3 pai2 shui3",
        "供给": "gong1 ji3", "调解": "tiao2 jie3", "协调": "xie2 tiao2", "空调": "kong1 tiao2",
        "调取": "diao4 qu3", "调档": "diao4 dang4", "借调": "jie4 diao4", "调入": "diao4 ru4",
        "调出": "diao4 chu1", "蓄调": "xu4 tiao2", "调蓄": "tiao2 xu4", "调压": "tiao2 ya1",
        "调减": "tiao2 jian3", "调增": "tiao2 zeng1", "诉调": "su4 tiao2", "联调": "lian2 tiao2",
        "核调": "he2 diao4", "外调": "wai4 diao4", "函调": "han2 diao4", "职称": "zhi2 cheng1",
        "强买强卖": "qiang2 mai3 qiang2 mai4", "单打": "dan1 da3", "处分": "chu3 fen4",
        # time and amount
        "最长": "zui4 chang2", "较长": "jiao4 chang2", "限长": "xian4 chang2",
        "长效": "chang2 xiao4", "长三角": "chang2 san1 jiao3", "时长": "shi2 chang2",
        "更长": "geng4 chang2", "超长": "chao1 chang2", "多长": "duo1 chang2",
        "周长": "zhou1 chang2", "全长": "quan2 chang2", "学长": "xue2 zhang3",
        "数一数": "shu3 yi4 shu3", "差额": "cha1 e2", "时差": "shi2 cha1", "转动": "zhuan4 dong4",
        # further compounds of characters with several readings
        "中签": "zhong4 qian1", "中标": "zhong4 biao1", "中选": "zhong4 xuan3",
        "中奖": "zhong4 jiang3", "接种": "jie1 zhong4", "补种": "bu3 zhong4",
        "种粮": "zhong4 liang2", "种养": "zhong4 yang3", "种地": "zhong4 di4",
        "种树": "zhong4 shu4", "盛装": "cheng2 zhuang1", "盛放": "cheng2 fang4",
        "盛装出席": "sheng4 zhuang1 chu1 xi2", "系好": "ji4 hao3", "系安全带": "ji4 an1 quan2 dai4",
        "系紧": "ji4 jin3", "应诉": "ying4 su4", "应试": "ying4 shi4", "应考": "ying4 kao3",
        "应约": "ying4 yue1", "同行人": "tong2 xing2 ren2", "跨行": "kua4 hang2",
        "跨行政": "kua4 xing2 zheng4", "该行": "gai1 hang2", "他行": "ta1 hang2",
        "我行": "wo3 hang2", "贵行": "gui4 hang2", "投行": "tou2 hang2", "琴行": "qin2 hang2",
        "行号": "hang2 hao4", "长住": "chang2 zhu4", "长护": "chang2 hu4", "调休": "tiao2 xiu1",
        "调班": "tiao2 ban1", "调薪": "tiao2 xin1", "上调": "shang4 tiao2", "微调": "wei1 tiao2",
        "调高": "tiao2 gao1", "调低": "tiao2 di1", "调证": "diao4 zheng4", "调卷": "diao4 juan4",
        "调看": "diao4 kan4", "处在": "chu3 zai4", "出处": "chu1 chu4", "处女": "chu3 nv3",
        "还钱": "huan2 qian2", "还债": "huan2 zhai4", "还押金": "huan2 ya1 jin1",
        "还利息": "huan2 li4 xi1", "还建": "huan2 jian4", "还不上": "huan2 bu2 shang4",
        "还不起": "huan2 bu4 qi3", "逆差": "ni4 cha1", "顺差": "shun4 cha1",
        "当年": "dang4 nian2", "当日": "dang4 ri4", "当月": "dang4 yue4", "当天": "dang4 tian1",
        "想当年": "xiang3 dang1 nian2", "证件相": "zheng4 jian4 xiang4", "姓曾": "xing4 zeng1",
        "姓单": "xing4 shan4", "姓任": "xing4 ren2", "累犯": "lei3 fan4", "圈养": "juan4 yang3",
        "圈舍": "juan4 she4", "了断": "liao3 duan4", "创可贴": "chuang1 ke3 tie1",
        "穿着整": "chuan1 zhuo2 zheng3", "穿着得体": "chuan1 zhuo2 de2 ti3",
        "电子": "dian4 zi3", "离子": "li2 zi3", "原子": "yuan2 zi3", "男子": "nan2 zi3",
        "女子": "nv3 zi3", "学子": "xue2 zi3", "长子": "zhang3 zi3", "次子": "ci4 zi3",
        "独子": "du2 zi3", "养子": "yang3 zi3", "继子": "ji4 zi3", "父子": "fu4 zi3",
        "母子": "mu3 zi3", "瓜子": "gua1 zi3",
        # body and home
        "抽血": "chou1 xie3", "献血": "xian4 xue4", "出血": "chu1 xue4", "差旅": "chai1 lv3",
        "相片": "xiang4 pian4", "流血": "liu2 xue4",
        "系上": "ji4 shang4", "大夫": "dai4 fu5",
        "干垃圾": "gan1 la1 ji1", "散煤": "san3 mei2", "散养": "san3 yang3", "藏语": "zang4 yu3",
        "藏文": "zang4 wen2", "倒卧": "dao3 wo4", "散发": "san4 fa1", "呼号": "hu1 hao4",
        "犬只": "quan3 zhi1", "船只": "chuan2 zhi1", "折子": "zhe2 zi5", "大厦": "da4 sha4",
        "公证处": "gong1 zheng4 chu4", "咨询处": "zi1 xun2 chu4", "不了": "bu4 liao3",
        "得去": "dei3 qu4", "慢慢地": "man4 man4 de5", "积极地": "ji1 ji2 de5",
        # places
        "洪洞": "hong2 tong2", "会稽": "kuai4 ji1", "解州": "xie4 zhou1", "单县": "shan4 xian4",
        "华阴": "hua4 yin1", "荥经": "ying2 jing1", "郫都": "pi2 du1", "任县": "ren2 xian4",
        "涡阳": "guo1 yang2", "浚县": "xun4 xian4", "蔚县": "yu4 xian4", "宿州": "su4 zhou1",
        "浙里办": "zhe4 li3 ban4", "闽侯": "min3 hou4", "井陉": "jing3 xing2",
        "朝阳区": "chao2 yang2 qu1", "区先生": "ou1 xian1 sheng5", "单先生": "shan4 xian1 sheng5",
        "单女士": "shan4 nv3 shi4", "区女士": "ou1 nv3 shi4", "任先生": "ren2 xian1 sheng5",
        "任女士": "ren2 nv3 shi4", "曾先生": "zeng1 xian1 sheng5", "曾女士": "zeng1 nv3 shi4",
    }.items()
}  # fmt: skip

DIGITS = "零幺一二三四五六七八九"
_NUMERALS = f"{DIGITS}两十百千万亿"
_BENEFICIARIES = (  # 为 in front of these is "for"; elsewhere mostly "to be"
    "您|你|我|他|她|它|其|此|了|何|什么|啥|民|大家|群众|公众|市民|居民|村民|农民|公民|人民|企业|单位|职工|员工|"
    "老人|老年|儿童|学生|残疾|困难|家庭|社会|国家|当事人|申请人|参保|用户|客户|旅客|患者|该|每|符合|进一步|"
    "加强|规范|保护|保障|维护|促进|落实|贯彻|确保|方便|提高|推动|做好|避免|防止|支持|鼓励|切实|全面|本人|本市"
)
_MANNERS = (  # in front of 地, which is then no place
    "有效|及时|不断|依法|认真|经常|快速|主动|公平|积极|准确|方便|轻松|安全|合理|顺利|严格|高效|便捷|耐心|仔细|细致|"
    "自觉|自愿|自主|有序|逐步|清楚|如实|完整|全面|客观|公正|科学|充分|深入|迅速|切实|稳妥|热情|直接|持续|稳步|"
    "最大限度|最大程度|源源不断|一次性|真实|清晰|明确|合法|文明|自由|独立|平等|灵活|精准|系统|统一|有力|"
    "有针对性|越来越多|熟练|正确|详细|简单|简便|诚实|人为|故意|单独|临时|定期|长期|不同程度"
)
_SURNAMES = {  # read in another way than the character's other meanings
    "曾": "zeng1", "任": "ren2", "单": "shan4", "仇": "qiu2", "解": "xie4", "查": "zha1",
    "区": "ou1", "盖": "ge3", "华": "hua4", "燕": "yan1", "朴": "piao2", "宁": "ning4",
    "翟": "zhai2", "乐": "yue4", "缪": "miao4", "应": "ying1", "尹": "yin3", "冼": "xian3",
}  # fmt: skip
IN_CONTEXT: list[tuple[re.Pattern[str], str]] = [  # the character in group 1 is read so
    (re.compile(pattern), reading)
    for pattern, reading in [
        ("(一)", "yi1"),  # the dictionary has changed the tone of some already
        ("(不)", "bu4"),
        (r"[\u4e00-\u9fff](?<!因)(为)(?![了何])", "wei2"),
        (rf"(?:^|[^认作成称行定列改分设变视])(为)(?=(?:{_BENEFICIARIES}))", "wei4"),
        (rf"(?:^|[并可应单或以者位构门的](?=处))(处)(?=[{_NUMERALS}以或])", "chu3"),
        (rf"(处)(?=[{_NUMERALS}]{{1,4}}(?:年|日|个月|倍|元|万))", "chu3"),
        (rf"[{_NUMERALS}每](只)", "zhi1"),
        # must, have to
        (
            "(?:必须|就|还|也|都|您|你|我|他|总|只|那)(得)(?=有|去|先|在|由|带|本人|亲自|把|等|找|是|重新|"
            "补|交|用|自己|提前|来|看|按|拿|办|跑|给|向|让|再|回|填|写|到(?:窗口|大厅|现场|派出所|医院|银行))",
            "dei3",
        ),
        # so ... that
        (
            r"[\u4e00-\u9fff](?<![获取所应不难求博赢须就还也都])"
            "(得)(?=很|起|非常|比较|太|更|特别|出来|清楚|怎么样|越|有点|不错)",
            "de5",
        ),
        # do it anew
        (
            "(?<![严加减超载体尊注偏从比双多繁轻沉贵隆慎侧看较很过最更太起病])"
            "(重)(?=[号名报考置传打填签办做写拍录试设算购缴排测评]|开(?![发展])|发(?!展|生)|查(?!处))",
            "chong2",
        ),
        (r"[把将][^，。；]{0,8}(?:[证件机包伞卡簿]|东西|材料|物品)(落)在", "la4"),
        (
            rf"(长)(?=(?:约|达|为|近|超过|不足|不到|不超过|至少|仅|有|共|度)?"
            rf"[{_NUMERALS}]+(?:点[{DIGITS}]+)?(?:余|多)?(?:米|公里|千米|厘米|毫米|分米|里|寸|尺|丈))",
            "chang2",
        ),
        ("(长)(?=度|宽|短(?!期))", "chang2"),
        ("(行)(?=政(?!策))", "xing2"),
        ("(?<![数质产销含剂重流力能大少酌尽])(量)(?=血压|体温|身高|尺寸|体重|腰围|长度)", "liang2"),
        (
            "(?:东西|物品|证件?|包|伞|手机|钥匙|材料|行李|卡|户口[簿本]|文件|帽子|衣服)(落)(?=在|到)",
            "la4",
        ),
        ("(尽)(?!快|早|量|可能|管)(?=[^，。；]{0,6}(?:义务|责任|职责))", "jin4"),
        (
            "[理儿亲护年婚丧产病事春寒暑例放请销度公补休养伤乳育](假)(?![冒借装证劣币药货如设])",
            "jia4",
        ),
        ("(还)(?=不清(?![楚晰]))", "huan2"),
        (
            "(?:提前|逐月|按月|分期|每月|按时)(还)(?![是有要需会能可没不应在得将须另享给补])",
            "huan2",
        ),
        # in such a manner
        (
            rf"(?:{_MANNERS}|[更很最较][\u4e00-\u9fff]{{1,2}}|慢慢|渐渐|好好|常常)"
            r"(地)(?![区点址方势铁图面块带产税下上的为是在和与])(?=[\u4e00-\u9fff])",
            "de5",
        ),
    ]
]
IN_CONTEXT += [
    (re.compile(rf"(?:^|[人是为由给向叫与和被告对姓])({surname})(?=某|先生|女士)"), reading)
    for surname, reading in _SURNAMES.items()
]
