"""Vietnamese lexicons, manner and format requests. `grammar` says how the table is written."""

# ruff: noqa: E501
from halfpenny.semantic_cache.training.generators.surface import Manner

MACROS = {
    "LAMSAO": "(làm sao để|làm thế nào để|cách để|cách nào để|phải làm gì để|muốn)",
    "CACH": "(cách|hướng dẫn|hướng dẫn cách|chỉ cách)",
    "GIAITHICH": "(giải thích|trình bày|mô tả|nói rõ|làm rõ)",
    "VIET": "(viết|soạn|soạn giúp|viết hộ|tạo)",
    "GOIY": "(gợi ý|cho tôi|liệt kê|đề xuất|kể ra|giới thiệu)",
    "MUON": "(tôi muốn|mình muốn|em muốn|tôi cần|mình cần|mình định|tôi đang cần)",
    "BAONHIEU": "(bao nhiêu|mấy)",
    "LAGI": "(là gì|nghĩa là gì|là như thế nào|tức là gì)",
}

MANNER = Manner(
    before={
        "question": (
            "cho em hỏi ",
            "cho mình hỏi ",
            "cho tôi hỏi ",
            "xin hỏi ",
            "ad ơi, ",
            "mọi người ơi, ",
            "chào bạn, ",
            "xin chào, ",
            "cho hỏi chút, ",
            "dạ cho em hỏi ",
            "bạn ơi, ",
            "em chào anh chị, ",
            "ai biết chỉ giúp: ",
            "hỏi nhanh: ",
            "bạn cho mình biết ",
        ),
        "command": (
            "hãy ",
            "làm ơn ",
            "vui lòng ",
            "bạn ",
            "giúp mình ",
            "giúp tôi ",
            "nhờ bạn ",
            "bạn giúp mình ",
            "phiền bạn ",
            "bạn có thể ",
            "mình nhờ bạn ",
        ),
        "keywords": ("", "", "", "tìm: "),
        "statement": ("chào bạn, ", "xin chào, ", "ad ơi, ", "dạ, ", "mọi người ơi, ", "ừm, "),
    },
    after={
        "question": (
            " ạ",
            " vậy",
            " vậy ạ",
            " nhỉ",
            " thế",
            " hả bạn",
            ", cảm ơn",
            " vậy mọi người",
            ", giúp mình với",
            " thế ạ",
            ", em cảm ơn ạ",
        ),
        "command": (
            " nhé",
            " với",
            " giúp mình",
            " giúp mình với",
            " đi",
            " nha",
            " ạ",
            " giúp em với ạ",
            ", cảm ơn bạn",
            " cho mình với",
        ),
        "keywords": ("", "", " với"),
        "statement": (", giúp mình với", " ạ", ", cảm ơn", ", mong được giúp đỡ", ", giúp em với ạ", ", phải làm sao"),
    },
    same=(
        ("không", "ko"),
        ("không", "k"),
        ("được", "đc"),
        ("được không", "đc ko"),
        ("như thế nào", "thế nào"),
        ("như thế nào", "ntn"),
        ("bao nhiêu", "bn"),
        ("với", "vs"),
        ("gì", "j"),
        ("rồi", "r"),
        ("người", "ng"),
        ("mọi người", "mn"),
        ("điện thoại", "đt"),
        ("vậy", "v"),
        ("tôi", "mình"),
        ("tại sao", "vì sao"),
        ("hiện nay", "bây giờ"),
        ("ở đâu", "chỗ nào"),
        ("giúp mình", "giúp tôi"),
    ),
)

FORMATS = (
    ("",),
    ("bằng từ ngữ đơn giản", "một cách đơn giản", "một cách dễ hiểu", "thật đơn giản"),
    ("trong một câu", "gói trong 1 câu", "chỉ một câu thôi"),
    ("trong hai câu", "gói trong 2 câu"),
    ("kèm ví dụ", "có ví dụ minh họa", "kèm ví dụ minh họa"),
    ("thật chi tiết", "một cách chi tiết", "cụ thể chi tiết"),
    ("dưới dạng bảng", "lập thành bảng"),
    ("theo 3 gạch đầu dòng", "bằng ba gạch đầu dòng", "thành 3 ý"),
    ("theo 5 gạch đầu dòng", "bằng năm gạch đầu dòng", "thành 5 ý"),
    ("từng bước một", "theo từng bước", "lần lượt từng bước"),
    ("bằng tiếng Anh", "trả lời bằng tiếng Anh"),
    ("bằng tiếng Pháp", "trả lời bằng tiếng Pháp"),
    ("bằng tiếng Nhật", "trả lời bằng tiếng Nhật"),
    ("cho trẻ 5 tuổi", "cho bé năm tuổi"),
    ("cho chuyên gia", "ở mức chuyên gia"),
    ("dưới 100 từ", "không quá 100 từ", "trong vòng 100 từ"),
    ("khoảng 200 từ", "tầm 200 chữ"),
    ("kèm nguồn", "có trích nguồn", "kèm nguồn tham khảo"),
    ("không cần ví dụ", "bỏ qua ví dụ"),
    ("bằng thơ", "dưới dạng bài thơ"),
)

WORDS = """
tinh entity: Hà Nội=HN=thủ đô Hà Nội; Sài Gòn=TP.HCM=TPHCM=Thành phố Hồ Chí Minh; Đà Nẵng; Hải Phòng; Cần Thơ; Huế; Nha Trang; Đà Lạt; Vũng Tàu; Quy Nhơn; Hạ Long; Sa Pa=Sapa; Ninh Bình; Nam Định; Thái Bình; Thanh Hóa=Thanh Hoá; Vinh; Quảng Bình; Quảng Trị; Quảng Ngãi; Quảng Nam; Hội An; Phú Yên; Phú Quốc; Phan Thiết; Buôn Ma Thuột; Pleiku; Kon Tum; Tây Ninh; Bình Dương; Đồng Nai; Long An; Bến Tre; Cà Mau; Bạc Liêu; Sóc Trăng; An Giang; Lạng Sơn; Hà Giang; Cao Bằng; Lào Cai; Điện Biên; Sơn La; Hòa Bình=Hoà Bình; Bắc Ninh; Bắc Giang; Hải Dương; Hưng Yên; Côn Đảo; Mộc Châu
nuoc entity: Mỹ=Hoa Kỳ=nước Mỹ; Anh=nước Anh=Vương quốc Anh; Pháp=nước Pháp; Đức=nước Đức; Ý=Italia=nước Ý; Tây Ban Nha; Bồ Đào Nha; Hà Lan; Bỉ=nước Bỉ; Thụy Sĩ=Thuỵ Sĩ; Thụy Điển=Thuỵ Điển; Na Uy; Đan Mạch; Phần Lan; Áo=nước Áo; Ba Lan; Séc=Cộng hòa Séc; Hy Lạp; Nga=nước Nga; Ukraina; Thổ Nhĩ Kỳ; Nhật Bản=Nhật; Hàn Quốc; Triều Tiên; Trung Quốc=Trung Hoa; Đài Loan; Ấn Độ; Thái Lan=Thái; Lào; Campuchia; Malaysia; Singapore; Indonesia; Philippines; Úc=Australia; New Zealand; Canada; Mexico; Brazil; Argentina; Chile; Cuba; Ai Cập; Nam Phi; Ả Rập Xê Út=Saudi; Iran; Iraq; Israel
ngoaingu entity: tiếng Anh; tiếng Pháp; tiếng Đức; tiếng Nhật; tiếng Hàn; tiếng Trung=tiếng Hoa; tiếng Nga; tiếng Tây Ban Nha; tiếng Bồ Đào Nha; tiếng Ý; tiếng Thái; tiếng Lào; tiếng Khmer; tiếng Indonesia; tiếng Ả Rập; tiếng Hà Lan
nguoithan role: mẹ=má; bố=ba=cha; vợ=bà xã; chồng=ông xã; anh trai; chị gái; em trai; em gái; ông nội; bà nội; ông ngoại; bà ngoại; con trai; con gái; sếp=giám đốc; đồng nghiệp; cô giáo; thầy giáo; bạn thân; bạn trai=người yêu nam; bạn gái=người yêu nữ; chủ nhà; hàng xóm; khách hàng; bác sĩ; luật sư; mẹ chồng; bố vợ; cháu gái; cháu trai; dì; cậu
ten entity: Lan; Lân; Hoa; Hòa; Bình; Minh;  Tuấn; Tuân; Hùng; Hưng; Hương; Hường; Hằng; Hạnh; Dũng; Dung; Đức; Phúc; Phước; Thảo; Thao; Trang; Linh;  Nam; Năm; Ngọc; Quân; Quang; Quảng; Sơn; Tâm; Tam; Thắng; Thăng; Thúy; Thùy; Vân; Văn; Việt; Yến; Bảo; Cường; Khánh; Khanh; Mai; Mão
mon entity: phở bò; phở gà; bún chả; bún bò Huế; bún riêu; bún đậu mắm tôm; bánh mì; bánh xèo; bánh cuốn; bánh chưng; bánh tét; bánh bao; bánh flan; nem rán=chả giò; gỏi cuốn=nem cuốn; cơm tấm; cơm rang=cơm chiên; xôi gấc; xôi xéo; cháo gà; cháo lòng; canh chua; canh khổ qua=canh mướp đắng; thịt kho tàu=thịt kho hột vịt; cá kho tộ; cà kho; cá rán; gà luộc; gà rang muối; vịt quay; sườn xào chua ngọt; rau muống xào tỏi; đậu phụ sốt cà=đậu hũ sốt cà; chè đậu xanh; chè bưởi; chè trôi nước; trà sữa; sinh tố bơ; sữa chua=da-ua; lẩu thái; lẩu bò; lẩu gà; mì Quảng; hủ tiếu=hủ tíu; cao lầu; bánh canh; gà hầm thuốc bắc; bò kho; bò lúc lắc; kim chi; pizza
thucpham entity: cá; cà=cà tím; thịt bò; bơ; thịt gà; thịt heo=thịt lợn; thịt vịt; tôm; mực; cua; nghêu=ngao; trứng gà; trứng vịt; đậu phụ=đậu hũ; rau muống; rau cải; bắp cải; cà chua; cà rốt; khoai tây; khoai lang; khoai môn; bí đỏ=bí ngô; bí đao=bí xanh; mướp; mướp đắng=khổ qua; nấm; hành; hành tây; tỏi; gừng; sả; ớt; chuối; xoài; đu đủ; dứa=thơm=khóm; dưa hấu; dưa chuột=dưa leo; dừa; bưởi; cam; chanh; ổi; nhãn; vải; mít; sầu riêng; thanh long; gạo; gạo lứt; nếp; bún; mì; sữa; sữa đậu nành; mật ong; đường; muối; nước mắm
congthuc verb: luộc; hấp; rán=chiên; nướng; xào; kho; hầm; rang; muối; ướp; phơi; sấy; ngâm; ép; trộn
vatnuoi entity: chó; mèo; thỏ; chuột hamster=hamster; vẹt; cá vàng; rùa; gà; vịt; ngan; ngỗng; bò; trâu; dê; lợn=heo; ngựa; chim bồ câu=bồ câu; chim sẻ; cá chép; cá rô; tằm; ong; dế; thằn lằn; nhím; cút
thuoc entity: paracetamol=panadol; ibuprofen; aspirin; amoxicillin; vitamin C; vitamin D; vitamin E; thuốc kháng sinh=kháng sinh; thuốc tránh thai; thuốc ngủ; thuốc dạ dày; thuốc huyết áp; thuốc giảm cân; thuốc ho; thuốc cảm; thuốc dị ứng; men tiêu hóa; omega 3; sắt; canxi; kẽm; insulin; metformin; omeprazole; berberin; thuốc xịt mũi; thuốc tẩy giun; thuốc trị mụn; oresol
trieuchung entity: đau đầu=nhức đầu; đau bụng; đau lưng; đau răng=nhức răng; đau họng=viêm họng; đau vai; đau gối; đau ngực; sốt; sốt cao; ho; ho khan; ho có đờm; sổ mũi=chảy nước mũi; nghẹt mũi=ngạt mũi; chóng mặt; buồn nôn; nôn; tiêu chảy=ỉa chảy; táo bón; đầy hơi; ợ nóng; mất ngủ=khó ngủ; ngủ nhiều; mệt mỏi; tê tay; tê chân; chuột rút=vọp bẻ; nổi mẩn; ngứa; rụng tóc; mụn; hôi miệng; hôi chân; chảy máu cam; khó thở; tim đập nhanh; tim đập chậm; mờ mắt; ù tai; viêm mũi; viêm tai; phù chân
benh entity: tiểu đường=đái tháo đường; cao huyết áp=tăng huyết áp; huyết áp thấp=tụt huyết áp; hen suyễn=hen phế quản; viêm gan A; viêm gan B; viêm gan C; viêm phổi; viêm phế quản; lao phổi=bệnh lao; sốt xuất huyết; sốt rét; sởi; thủy đậu=trái rạ; quai bị; cúm A; cúm B; tay chân miệng; gút=gout; viêm khớp; loãng xương; thoái hóa khớp; đau dạ dày=viêm dạ dày; trào ngược dạ dày; sỏi thận; sỏi mật; gan nhiễm mỡ; mỡ máu; thiếu máu; trầm cảm; tự kỷ; động kinh; trĩ; viêm xoang; cận thị; viễn thị; đục thủy tinh thể; ung thư phổi; ung thư gan; suy thận; suy tim; đột quỵ=tai biến
nguoidung entity: trẻ em=trẻ nhỏ; trẻ sơ sinh; bà bầu=phụ nữ mang thai; mẹ đang cho con bú=phụ nữ cho con bú; người già=người cao tuổi; người tiểu đường=người bị tiểu đường; người cao huyết áp=người bị cao huyết áp; người bị dạ dày=người đau dạ dày; chó; mèo; người bị suy thận; thanh thiếu niên=tuổi teen; người tập gym
lapTrinh scope: Python; Java; JavaScript=JS; TypeScript; C; C++; C#; Go=Golang; PHP; Ruby; Kotlin; Swift; Rust; R; SQL; Pascal
cautruc entity: danh sách=list; chuỗi=string; mảng=array; từ điển=dict; tập hợp=set; ma trận; ngăn xếp=stack; hàng đợi=queue; danh sách liên kết=linked list; cây nhị phân; đồ thị; file CSV; file JSON; file Excel; ngày tháng; số nguyên
khainiem entity: đệ quy; đa hình; kế thừa; đóng gói; trừu tượng; con trỏ; biến toàn cục; biến cục bộ; vòng lặp for; vòng lặp while; hàm ẩn danh; đa luồng; bất đồng bộ; học máy=machine learning; học sâu=deep learning; mạng nơ-ron; trí tuệ nhân tạo=AI; chuỗi khối=blockchain; điện toán đám mây=cloud; cơ sở dữ liệu; khóa chính; khóa ngoại; chỉ mục; mã hóa; băm; tường lửa; địa chỉ IP; DNS; API; HTTP; HTTPS; Docker; Git; kiểm thử; lập trình hướng đối tượng=OOP
khoahoc entity: quang hợp; hô hấp; trọng lực; lực ma sát; quán tính; áp suất; sự bay hơi; sự ngưng tụ; thủy triều; nhật thực; nguyệt thực; động đất; núi lửa; sóng thần; bão; lốc xoáy; sấm sét; cầu vồng; hiệu ứng nhà kính; biến đổi khí hậu; mưa axit; tầng ozon; ADN=DNA; nhiễm sắc thể; nguyên phân; giảm phân; tiến hóa; vi khuẩn; virus=vi rút; vắc xin=vaccine; kháng thể; enzim; từ trường; điện trường; dòng điện một chiều; dòng điện xoay chiều; phản ứng hạt nhân; hố đen; vật chất tối; vụ nổ lớn
kinhte entity: lạm phát; giảm phát; lãi suất; lãi kép; lãi đơn; tỷ giá; GDP; GNP; cổ phiếu; trái phiếu; cổ tức; chứng chỉ quỹ; quỹ mở; quỹ đóng; thuế thu nhập cá nhân=thuế TNCN; thuế giá trị gia tăng=VAT; thuế nhập khẩu; thuế xuất khẩu; bảo hiểm xã hội=BHXH; bảo hiểm y tế=BHYT; bảo hiểm nhân thọ; bảo hiểm thất nghiệp; tín dụng đen; nợ xấu; nợ công; vốn điều lệ; vốn lưu động; thị trường tự do; độc quyền; cung cầu; phá sản; chứng khoán; bất động sản; tiền ảo
danhnhan entity: Hồ Chí Minh=Bác Hồ; Võ Nguyên Giáp; Trần Hưng Đạo; Trần Quốc Toản; Lê Lợi; Lê Lai; Nguyễn Trãi; Nguyễn Du; Nguyễn Huệ=Quang Trung; Nguyễn Ánh=Gia Long; Lý Thường Kiệt; Lý Công Uẩn=Lý Thái Tổ; Ngô Quyền; Đinh Bộ Lĩnh; Hai Bà Trưng; Bà Triệu; Phan Bội Châu; Phan Châu Trinh=Phan Chu Trinh; Nam Cao; Xuân Diệu; Xuân Quỳnh; Tố Hữu; Ngô Tất Tố; Vũ Trọng Phụng; Hồ Xuân Hương; Nguyễn Đình Chiểu; Nguyễn Khuyến; Chu Văn An; Lê Quý Đôn; Trịnh Công Sơn; Văn Cao; Einstein; Newton; Napoléon; Shakespeare
tacpham entity: Truyện Kiều; Chí Phèo; Lão Hạc; Tắt đèn; Số đỏ; Vợ nhặt; Vợ chồng A Phủ; Chiếc thuyền ngoài xa; Rừng xà nu; Việt Bắc; Tây Tiến; Đất nước; Sóng; Ông già và biển cả; Chiếc lược ngà; Lặng lẽ Sa Pa; Làng; Bếp lửa; Đồng chí; Ánh trăng; Hai đứa trẻ; Chữ người tử tù; Đời thừa; Bình Ngô đại cáo; Hịch tướng sĩ; Dế Mèn phiêu lưu ký; Tấm Cám; Thánh Gióng; Sơn Tinh Thủy Tinh; Mùa xuân nho nhỏ; Sang thu; Viếng lăng Bác
sukien entity: chiến thắng Điện Biên Phủ=chiến dịch Điện Biên Phủ; chiến thắng Bạch Đằng; khởi nghĩa Lam Sơn; khởi nghĩa Yên Thế; khởi nghĩa Hai Bà Trưng; Cách mạng tháng Tám; Cách mạng tháng Mười; phong trào Cần Vương; phong trào Đông Du; chiến dịch Hồ Chí Minh; chiến tranh thế giới thứ nhất=thế chiến 1; chiến tranh thế giới thứ hai=thế chiến 2; cách mạng Pháp; cách mạng công nghiệp; nạn đói năm Ất Dậu; hiệp định Genève; hiệp định Paris; Đổi mới; trận Ngọc Hồi - Đống Đa; trận Chi Lăng; chiến tranh lạnh
thu time: thứ hai=thứ 2; thứ ba=thứ 3; thứ tư=thứ 4; thứ năm=thứ 5; thứ sáu=thứ 6; thứ bảy=thứ 7; chủ nhật=CN
khi time: hôm nay=bữa nay; ngày mai=mai; tối nay; sáng mai; chiều mai; cuối tuần này; tuần sau=tuần tới; tháng sau=tháng tới; ngày kia=ngày mốt; chiều nay; hôm qua
mua time: mùa xuân; mùa hè=mùa hạ; mùa thu; mùa đông; mùa mưa; mùa khô
thangnam time: tháng 1=tháng giêng=tháng một; tháng 2=tháng hai; tháng 3=tháng ba; tháng 4=tháng tư; tháng 5=tháng năm; tháng 6=tháng sáu; tháng 7=tháng bảy; tháng 8=tháng tám; tháng 9=tháng chín; tháng 10=tháng mười; tháng 11=tháng mười một; tháng 12=tháng chạp=tháng mười hai
phong entity: phòng khách; phòng ngủ; phòng bếp=nhà bếp; phòng tắm=nhà tắm; phòng làm việc; ban công; sân trước; sân sau; gara=nhà xe; hành lang; cầu thang; phòng trẻ em; phòng thờ; kho
thietbi entity: đèn; quạt; điều hòa=máy lạnh; tivi=TV; máy lọc không khí; máy hút ẩm; loa; rèm; bình nóng lạnh; robot hút bụi; máy giặt; nồi cơm điện=nồi cơm; lò vi sóng; camera; máy bơm
mau entity: đỏ; xanh lá=xanh lá cây; xanh dương=xanh nước biển; vàng; cam; tím; hồng; trắng; đen; xám=ghi; nâu; be; bạc
sanpham entity: áo khoác; áo sơ mi; áo dài; váy; đầm; quần jean=quần bò; giày thể thao; dép; túi xách; ba lô=balo; đồng hồ; kính râm; điện thoại; laptop=máy tính xách tay; máy tính bảng; tai nghe; bàn phím; chuột máy tính; nồi chiên không dầu; máy xay; ghế văn phòng; bàn học; tủ lạnh; nệm=đệm; xe đạp; mũ bảo hiểm=nón bảo hiểm; sữa rửa mặt; kem chống nắng; nước hoa; son môi
maymoc entity: điện thoại; laptop=máy tính xách tay; máy in; máy giặt; tủ lạnh; điều hòa=máy lạnh; tivi=TV; tai nghe; loa; bàn phím; wifi=mạng wifi; máy ảnh; quạt; nồi cơm điện; bếp từ; lò vi sóng; máy lọc nước; bình nóng lạnh; xe máy; ô tô=xe hơi; máy bơm; đồng hồ thông minh
ungdung entity: Facebook=FB; Zalo; TikTok; Instagram=Insta; YouTube; Gmail; Google Drive; Messenger; Telegram; Shopee; Lazada; Tiki; Grab; Be; MoMo; ZaloPay; VNPay; Netflix; Spotify; Zoom; Viber; Twitter; Skype; Steam
nganhang entity: Vietcombank=VCB; Techcombank=TCB; BIDV; Vietinbank; Agribank; MB Bank=MB; ACB; VPBank; TPBank; Sacombank; HDBank; VIB; SHB; MSB
hedieuhanh scope: Windows; Windows 10; Windows 11; macOS=máy Mac; Linux; Ubuntu; iPhone; iPad; Android; Samsung; Xiaomi; Oppo
phanmem entity: Excel; Word; PowerPoint; Google Sheets; Google Docs; Photoshop; Canva; AutoCAD; CapCut; Premiere; Illustrator
giayto entity: căn cước công dân=CCCD; hộ chiếu=passport; giấy khai sinh; bằng lái xe=giấy phép lái xe; sổ đỏ; sổ hộ khẩu; giấy đăng ký kết hôn; giấy xác nhận độc thân; lý lịch tư pháp; thẻ bảo hiểm y tế=thẻ BHYT; visa=thị thực; giấy phép kinh doanh; thẻ tạm trú; giấy chứng tử=giấy khai tử
nghe entity: giáo viên; bác sĩ; y tá=điều dưỡng; dược sĩ; kỹ sư phần mềm=lập trình viên; kế toán; kiểm toán; luật sư; công an; bộ đội; phi công; tiếp viên hàng không; đầu bếp; phục vụ bàn; lái xe=tài xế; thợ điện; thợ hàn; thợ may; thợ xây; thiết kế đồ họa; marketing; bán hàng; phiên dịch=thông dịch viên; nhà báo; hướng dẫn viên du lịch; nhân sự; thư ký
mon_hoc entity: toán; vật lý=lý; hóa học=hóa; sinh học=sinh; ngữ văn=văn; lịch sử=sử; địa lý=địa; tin học; giáo dục công dân=GDCD; mỹ thuật; âm nhạc; tiếng Anh; thể dục
monthethao entity: bóng đá=đá bóng; bóng rổ; bóng chuyền; cầu lông; quần vợt=tennis; bóng bàn; bơi lội=bơi; chạy bộ; đạp xe; võ thuật; cờ vua; cờ tướng; đá cầu; bắn cung; bắn súng; cử tạ; yoga; gym; bi-a=bida; trượt băng
baitap entity: hít đất=chống đẩy; squat; plank; gập bụng; hít xà; nhảy dây; chạy bộ; bơi; đạp xe; yoga; nâng tạ; leo cầu thang; đi bộ
congviec entity: uống thuốc; đón con; trả tiền nhà; tưới cây; đổ rác; nộp báo cáo; gọi cho mẹ; mua sữa; đóng tiền điện; đóng tiền nước; họp nhóm; đi khám răng; đi khám mắt; gửi hàng; lấy đồ giặt là; cho mèo ăn; cho chó ăn; sạc điện thoại; đặt vé tàu; đặt vé máy bay; nộp thuế; tập thể dục; học bài; phơi quần áo
dip entity: sinh nhật; Tết=Tết Nguyên đán; Trung thu; Giáng sinh=Noel; 8/3=ngày quốc tế phụ nữ; 20/10=ngày phụ nữ Việt Nam; 20/11=ngày nhà giáo Việt Nam; lễ tốt nghiệp; đám cưới; tân gia; kỷ niệm ngày cưới; Valentine=lễ tình nhân; khai trương; thôi nôi; đầy tháng
cau entity: xin chào; cảm ơn; xin lỗi; tạm biệt; chúc ngủ ngon; chúc mừng sinh nhật; chúc mừng năm mới; tôi yêu bạn; tôi nhớ bạn; cái này bao nhiêu tiền; nhà vệ sinh ở đâu; tôi bị lạc; tôi đói; tôi khát; tôi bị dị ứng đậu phộng; cho tôi hóa đơn; hẹn gặp lại; bạn khỏe không; tôi không hiểu; cứu với; gọi bác sĩ; một ly nước; không cay; không đá; có wifi không; mấy giờ rồi; rất vui được gặp bạn; chúc may mắn; cố lên
tu entity: ma; má; mà; mả; mã; mạ; ban; bàn; bán; bạn; bản; bận; bắn; cá; cà; cả; ca; bò; bỏ; bó; bơ; bờ; bở; mua; múa; mưa; mùa; vàng; vang; váng; dừa; dứa; dưa; đứa; gà; gả; ga; tôi; tối; tội; tỏi; tồi; hoa; hòa; họa; hóa; hỏa; lá; là; lạ; la; cho; chó; chợ; chỗ; chờ; thu; thư; thú; thủ; thứ; thử; tiền; tiên; tiến; tiện; sao; sáo; sào; sạo; sinh; sính; nam; năm; nắm; nấm; nằm; trong; trống; trồng; trọng; trông; tròng; đường; đương; muối; muỗi; mười; cày; cây; cay; cáy; cấy; cầy; lông; lòng; lồng; lóng; rắn; răng; rằng; rán; ràn; xe; xé; xẻ; bảo; bão; bao; báo; bào; bạo; đỏ; đò; đó; đo; khổ; khô; khó; kho; chín; chìn; chính; chỉnh; chình; lòi; lỗi; lời; lợi; lối; cướp; cược; canh; cánh; cành; cảnh; cạnh; mèo; méo; mẹo; đào; đáo; đao; đảo; đạo; may; mày; máy; mây; mấy; quà; qua; quá; quả; ngựa; ngừa; ngửa; ngứa; thành; thánh; thanh; thạnh; rau; râu; rầu; sữa; sửa; sưa; bún; bùn; phố; phở; phổ; phô; phó; phò; bí; bì; bị; bi; dây; dày; dạy; dậy; dấy
tienthe unit: đô la Mỹ=USD=đô; euro=EUR; bảng Anh=GBP; yên Nhật=JPY; won=KRW; nhân dân tệ=CNY=tệ; baht Thái=THB; đô la Úc=AUD; đô la Canada=CAD; đô la Singapore=SGD; franc Thụy Sĩ=CHF; rúp Nga=RUB; đồng=VND=tiền Việt
donvidai unit: mét=m; ki-lô-mét=km=cây số; xăng-ti-mét=cm=phân; mi-li-mét=mm=ly; dặm; feet=ft; inch; hải lý; yard; tấc; thước
donvinang unit: ki-lô-gam=kg=cân=ký; gam=g; tấn; tạ; yến; lạng; pound=lb; ounce=oz; mi-li-gam=mg
hinh entity: hình tròn; hình vuông; hình chữ nhật; hình tam giác=tam giác; hình thang; hình bình hành; hình thoi; hình lục giác=lục giác; hình cầu; hình trụ; hình nón; hình hộp chữ nhật; hình lập phương; hình elip; hình chóp
kim entity: vàng; bạc; đồng; sắt; nhôm; chì; kẽm; thiếc; thép; titan; bạch kim; niken; inox
giong entity: nhạc trẻ; nhạc vàng; nhạc đỏ; bolero; nhạc Trịnh; rap; rock; jazz; nhạc cổ điển; cải lương; chèo; dân ca; nhạc không lời; nhạc thiếu nhi; EDM; remix; ballad; K-pop; nhạc phim; nhạc thiền
casi entity: Sơn Tùng; Mỹ Tâm; Đen Vâu=Đen; Hà Anh Tuấn; Hồng Nhung; Thanh Lam; Tùng Dương; Lệ Quyên; Đàm Vĩnh Hưng; Hoàng Thùy Linh; Bích Phương; Noo Phước Thịnh; Trúc Nhân; Min; Erik; Soobin; Khánh Ly; Tuấn Ngọc; Cẩm Ly; Quang Lê; Như Quỳnh; Chi Pu
cay entity: hoa hồng; hoa lan; hoa mai; hoa đào; hoa cúc; hoa giấy; xương rồng; lưỡi hổ; trầu bà; kim tiền; lan ý; cây chanh; cây ổi; cây xoài; cây dừa; cây dứa; cây dưa; cà chua; ớt; húng quế; bạc hà; rau cải; rau muống; hành lá; mướp; bí; bầu; đậu; khoai lang; sen đá; lúa; ngô=bắp; cà phê; hồ tiêu; cao su
vetban entity: cà phê; rượu vang đỏ; máu; mực; dầu mỡ; sô cô la; trà; mồ hôi; son môi; sơn; nghệ; nước mắm; bùn; cỏ; kẹo cao su; tương ớt; rỉ sét; mốc
vatlieu entity: áo trắng; áo len; áo lụa; quần jean=quần bò; ghế da; sofa vải; thảm; nệm=đệm; giày trắng; túi da; sàn gỗ; gạch men; rèm cửa; ga giường; ba lô=balo; nồi inox; chảo chống dính
"""
