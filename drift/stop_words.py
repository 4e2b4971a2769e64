"""Words that say how something is asked rather than what, in the languages most people write."""

# English is complete; of the others the most frequent ones, so that a topic of people who write
# in another language than the rest is not named by its articles. Words that mean something in
# another of these languages ("man", "war", "son", "sale") are left out.
STOP_WORDS = frozenset(
    """a about after again all also am an and any anything are as at be because been before being
    but by can can't cannot could couldn't did didn't do does doesn't doing don't done down each for
    from get gets getting give go going got had has have haven't having he her here hers hey hi him
    his how how's i i'd i'll i'm i've if in into is isn't it it's its just kindly know let let's
    like may me might mine more most my myself need needs no nor not now of off ok okay on once only
    or other our out over own please pls really same shall she should so some something such tell
    than thank thanks that that's the their them then there there's these they thing things this
    those through to too under until up us very want wanted wants was wasn't we we're well were what
    what's when where where's which while who whom whose why will with won't would wouldn't yes you
    you're your yours
    aber als auf aus bei bin bitte das dass dein dem den der des die diese dieser doch ein eine
    einem einen einer er es für geht habe haben hat ich ihr im in ist ja kann kein keine können mein
    meine meinem meinen meiner mich mir mit möchte nach nicht noch oder sein sich sie sind und uns
    vom von warum was wenn werden wie wieso wir wird wo zu zum zur über
    au aux avec ce cela ces cette comment dans de des du elle en est et il je la le les leur ma mais
    me mes moi mon ne nous où par pas peux pour pourquoi puis quand que quel quelle qui sa ses sont
    sur ta tes toi ton tu un une veux vos votre vous à ça être
    al como con cuando cuál cuáles cómo del donde dónde el ella ellos en es eso esta estas este esto
    está están hay lo los las más mi mis muy para pero por porque puede puedo que quiero qué se si
    sin su sus te tengo tiene un una uno unos y ya yo
    anche che chi ci cosa da dal dei della delle di gli ho il io le mia mio nel nella non per perché
    più posso quale quando sono suo sua ti un uno vorrei è
    ao as com da das de do dos ela ele em essa esse esta este eu isso mas meu meus minha na não nas
    no nos o os para pelo por porque posso quando quais qual que quem são se sem seu sua também tem
    tenho um uma você é
    aan bij dat de deze dit een en er het hij hoe ik je kan maar met mijn naar niet of ook op te
    uit van voor waar waarom wat we wel wie wil worden zijn
    без был была быть в вас вы где для до его есть и из или как когда кто ли мне могу мой моя мы на
    не нет но о он она они от по почему при с так то у что чтобы это я
    أن أنا أو أين أريد إلى التي الذي عن على في كان كيف لا لم لماذا ما متى من هذا هذه هل هو هي و يا
    का की के को क्या कर करना करें करो कैसे तो था थी थे ने पर भी मुझे मेरा मेरी मेरे में मैं ये यह या से हूँ है हैं हो
    一个 不能 为什么 什么 什麼 他们 但是 可以 哪里 哪裡 因为 多少 如何 如果 已经 怎么 怎樣 怎麼 想要
    我们 我想 我的 我要 或者 是否 是不是 有没有 没有 现在 的话 能不能 能否 请问 請問 这个 这样
    那个 還是 还是 為什麼
    """.split()  # noqa: SIM905, RUF001 - a list is three times as long; Cyrillic is meant
)
