#include "text/common_words.h"

#include <string>
#include <unordered_set>

namespace yanxing::text {
namespace {

// clang-format off
constexpr std::u32string_view kWords[] = {
    U"这个", U"那个", U"这张", U"那张", U"这些", U"那些", U"这里", U"那里", U"这样", U"哪里", U"里面", U"外面", U"上面", U"下面", U"前面",
    U"后面", U"打开", U"关闭", U"关掉", U"关上", U"开启", U"启动", U"停止", U"暂停", U"继续", U"开始", U"结束", U"退出", U"返回", U"进入",
    U"切换", U"选择", U"发给", U"发送", U"发到", U"转发", U"分享", U"交给", U"传给", U"告诉", U"通知", U"提醒", U"联系", U"给我", U"帮我",
    U"请把", U"一下", U"一个", U"表格", U"文件", U"文档", U"图片", U"截图", U"屏幕", U"窗口", U"页面", U"网页", U"邮件", U"消息", U"按钮",
    U"点击", U"输入", U"复制", U"粘贴", U"保存", U"删除", U"撤销", U"取消", U"确定", U"确认", U"搜索", U"查找", U"下载", U"设置", U"设定",
    U"播放", U"音乐", U"视频", U"电影", U"歌曲", U"什么", U"怎么", U"多少", U"今天", U"明天", U"昨天", U"后天", U"早上", U"上午", U"中午",
    U"下午", U"晚上", U"时间", U"时候", U"分钟", U"小时", U"星期", U"现在", U"以后", U"以前", U"之后", U"之前", U"已经", U"可以", U"可能",
    U"应该", U"需要", U"没有", U"不要", U"不是", U"还是", U"我们", U"你们", U"他们", U"我的", U"你的", U"他的", U"自己", U"大家", U"谢谢",
    U"你好", U"再见", U"不对", U"对了", U"好的", U"音量", U"亮度", U"温度", U"空调", U"客厅", U"卧室", U"厨房", U"书房", U"阳台", U"电视",
    U"窗帘", U"电灯", U"风扇", U"调到", U"调高", U"调低", U"开会", U"会议", U"起床", U"天气", U"闹钟", U"电话", U"号码", U"手机", U"电脑",
    U"公司", U"工作", U"项目", U"问题", U"情况", U"中国", U"经理", U"还有", U"就是", U"但是", U"因为", U"所以", U"如果", U"然后", U"或者",
    U"并且", U"而且", U"虽然", U"只有", U"只是", U"只要", U"不能", U"不会", U"不用", U"不同", U"不通", U"不了", U"是否", U"有些", U"有点",
    U"一点", U"一些", U"一起", U"一直", U"一样", U"一定", U"一遍", U"一次", U"一共", U"一步", U"一张", U"一条", U"一份", U"上一", U"下一",
    U"这次", U"那次", U"每天", U"每次", U"今年", U"去年", U"明年", U"上周", U"下周", U"本周", U"周末", U"地方", U"东西", U"事情", U"名字",
    U"地址", U"密码", U"账号", U"用户", U"系统", U"程序", U"软件", U"应用", U"网络", U"连接", U"断开", U"失败", U"成功", U"完成", U"正在",
    U"准备", U"马上", U"立即", U"稍后", U"刚才", U"最后", U"最近", U"第一", U"第二", U"第三", U"左边", U"右边", U"中间", U"旁边", U"全部",
    U"所有", U"其他", U"另外", U"重新", U"再次", U"试试", U"看看", U"听听", U"找到", U"收到", U"看到", U"听到", U"说话", U"回答", U"回复",
    U"答复", U"请问", U"麻烦", U"抱歉", U"帮忙", U"帮助", U"需求", U"内容", U"标题", U"数据", U"数字", U"预算", U"报告", U"报表", U"季度",
    U"销售", U"合同", U"附件", U"照片", U"相册", U"日历", U"日程", U"日期", U"提示", U"注意", U"安全", U"风险", U"拒绝", U"允许", U"同意",
    U"接受", U"灯光", U"开关", U"门锁", U"冰箱", U"热水", U"扫地", U"加湿", U"净化", U"模式", U"制冷", U"制热", U"风速", U"颜色", U"白色",
    U"红色", U"蓝色", U"绿色", U"黄色", U"暖光", U"桌面", U"浏览", U"滚动", U"向上", U"向下", U"向左", U"向右", U"鼠标", U"键盘", U"耳机",
    U"音箱", U"录音", U"录像", U"拍照", U"语音", U"识别", U"操作", U"执行", U"动作", U"功能", U"命令", U"任务", U"列表", U"菜单", U"选项",
    U"标签", U"链接", U"图标", U"输出", U"打印", U"关机", U"重启", U"锁屏", U"休眠", U"登录", U"注册", U"支付", U"购买", U"价格", U"多久",
    U"几点", U"几个", U"哪个", U"哪些", U"谁的", U"发出", U"出去", U"进来", U"出来", U"回来", U"过来", U"起来", U"下来", U"上去", U"下去",
    U"时钟", U"计时", U"北京", U"上海", U"广州", U"深圳", U"先生", U"女士", U"小姐", U"老师", U"同学", U"同事", U"老板", U"主任", U"总监",
    U"总裁", U"医生", U"朋友", U"妈妈", U"爸爸", U"孩子", U"家里", U"家人", U"设好", U"关了", U"开了", U"好了", U"屋里", U"窗户", U"大门"};
// clang-format on

// clang-format off
constexpr std::string_view kEnglishWords =
    "about above across action active add address after again against age ago air alarm album alert all almost alone "
    "along already also always among amount angry animal another answer any anyone anything apartment apple area "
    "around arrive article artist ask asleep attic audio autumn available away baby back bad bag balance ball bank "
    "base basement basket bath bathroom battery bean beat beautiful because become bed bedroom before begin behind "
    "being believe below beside best better between big bike bill birthday bit black blind blinds block blood blue "
    "board boat body boil book bookmark boss both bottle bottom box boy bread break breakfast bridge bright brighter "
    "brightness bring brother brown browser build building bunch bus business busy but butter button buy cable "
    "calendar call calm camera cancel candle car card care carry case cat catch ceiling center chair chance change "
    "channel chapter charge charged chat cheap check cheese chicken child children choose city class clean clear "
    "click climb clock close closed cloth clothes cloud coach coat coffee cold color colour column come comfortable "
    "comment company computer condition connect connected contact content continue control cook cool copy corner "
    "correct cost count country couple course cover cream create cross cry cup current curtain customer cut daily "
    "dance dark data date daughter day days dead deal dear decide deep delete deliver desk detect detected device "
    "devices dial die different dim dinner direction dirty dish disk distance doctor document dog dollar done door "
    "double doubt download draft draw dream dress drink drive driver drop dry due during dust each early earth ease "
    "east easy eat edge edit egg eight either electric else empty end engine enough enter entrance error even evening "
    "event ever every everyone everything exact example except excuse exit expect expensive explain express extra eye "
    "face fact fail fall family fan fans far farm fast fat father favorite fear feed feel fell few field fight figure "
    "file files fill film final find fine finger finish fire first fish fit five fix flag flat flight floor flow "
    "flower fly folder follow food foot force forecast forget form forward found four free fresh friday friend "
    "friends front fruit full fun game garage garden gas gate gather general get gift girl give glad glass go goal "
    "gold gone good grass gray great green grey ground group grow guard guess guest guide hair half hall hand handle "
    "hang happen happy hard hat hate have head headline health hear heart heat heater heating heavy hello help here "
    "high higher highest hill hit hold holiday home hope horse hospital hot hotel hour hours house huge human humid "
    "humidity hundred hungry hurry hurt ice idea image important inch include increase indoor inside install instead "
    "interest internet invite iron island issue item jacket jam job join joke juice july jump june just keep kettle "
    "key kick kid kids kill kind king kiss kitchen knee knife knock know lady lake lamp land language laptop large "
    "last late later laugh laundry law lead leaf leak learn least leave left leg lemon length less lesson let letter "
    "level library lie life lift light lights like limit line lion list listen little live living load local lock "
    "locked lonely long look lose lost lot loud love low lower lowest luck lunch machine mad magazine main many map "
    "march mark market marry master match matter maximum may maybe meal mean meat media medium meet meeting member "
    "memory menu message metal meter middle might mile milk mind minimum minute minutes mirror miss mix mobile mode "
    "model moment monday money month moon more morning most mother motion mountain mouse mouth move movie much music "
    "mute name narrow near nearest nearly neck need never new news next nice night nine nobody noise none noon north "
    "nose note notes nothing notice november now number nurse object ocean october offer office often oil old once "
    "only order other our outdoor outside oven over own page pain paint pair pan pants paper parent park part party "
    "pass past path pause pay peace pen people pepper perfect perhaps person phone photo photos piano pick picture "
    "piece pig pin pink pizza place plan plane plant plants plate player playlist plug plus pocket podcast point "
    "police pool poor popular porch position possible post pot potato pound power present press pressure pretty "
    "previous price print printer private problem project pull pump push put queen question quick quiet quite quote "
    "race radio rain raise random range rate rating reach read ready real really reason receive recent record red "
    "reduce refresh remember remind reminder remove rename repair repeat replay reply report request rest restaurant "
    "result resume return rice rich ride right ring rise river road rock roll roof room rooms root rope round row "
    "rule run running sad safe salad salt same sand saturday save say schedule school science score screen sea search "
    "season seat second seconds secret see seed seem select sell sensor sensors sentence september serve service "
    "seven several shade shake shape sharp sheep sheet shelf shift shine ship shirt shoe shop shopping short should "
    "shoulder shout shower shuffle shut shutter sick side sign silence silent silver similar simple since sing single "
    "sink sister sit site six size skin skip sky sleep slide slow slower small smart smell smile smoke snack snow "
    "soap social sock soft soil some someone something sometimes son song songs soon sorry sound soup south space "
    "speak speaker special speed spell spend spoon sport spot spring square stage stairs stand star start state "
    "station status stay steal steam steel step stick still stone store storm story stove straight strange street "
    "strong student study stuff subject such sudden sugar suit summer sun sunday supply support sure surface surprise "
    "sweet swim switch table tablet take talk tall task taste tax tea teach teacher team tell temperature text than "
    "thank thanks their them then there these they thick thin thing things think third thirsty thirty thousand three "
    "through throw thursday ticket tidy tie tight time timer times tiny tired title today toe together toilet "
    "tomorrow tonight too tool tooth top total touch towards towel tower town toy track traffic train travel tree "
    "trip trouble truck true trust try tuesday tune turned tv twelve twenty twice under understand unit unlock "
    "unlocked until update updates upon upstairs use useful user usual vacuum value vegetable very video view village "
    "visit voice volume wait wake walk wall want warm was wash washer washing watch water wave way weak wear weather "
    "website wednesday week weekend weight welcome well went were west wet which while white whole why wide wife wild "
    "win wind window windows wine winter wipe wish without woman wonder wood word words work world worry worse worst "
    "worth write wrong yard year yellow yesterday yet young zero zone ";
// clang-format on

} // namespace

bool is_common_word(std::u32string_view pair) {
  static const std::unordered_set<std::u32string_view> words(std::begin(kWords), std::end(kWords));
  return words.contains(pair);
}

bool is_common_english_word(std::string_view folded) {
  static const auto kKnown = [] {
    std::unordered_set<std::string_view> known;
    for (std::size_t begin = 0; begin < kEnglishWords.size();) {
      const auto end = kEnglishWords.find(' ', begin);
      known.insert(kEnglishWords.substr(begin, end - begin));
      begin = end + 1;
    }
    return known;
  }();
  return kKnown.contains(folded);
}

} // namespace yanxing::text
