"""Vietnamese tasks of knowledge: health, school, language, law, computing. `grammar` says how they are written."""

# ruff: noqa: E501
TASKS = """
@ nghia_tu kind=question
- nghia
từ "{tu}" (nghĩa là gì|có nghĩa là gì)?
nghĩa của từ "{tu}" LAGI?
!GIAITHICH nghĩa của từ "{tu}"
#nghĩa từ "{tu}"
"{tu}" nghĩa là gì?
- anh
từ "{tu}" trong tiếng Anh là gì?
!dịch từ "{tu}" sang tiếng Anh
#"{tu}" tiếng Anh là gì
"{tu}" dịch ra tiếng Anh là gì?
- cau
!đặt câu với từ "{tu}"
!cho ví dụ một câu có từ "{tu}"
#đặt câu với "{tu}"
- trai
từ trái nghĩa với "{tu}" là gì?
trái nghĩa của "{tu}"?
#trái nghĩa "{tu}"
- dong
từ đồng nghĩa với "{tu}" là gì?
đồng nghĩa của "{tu}"?
#đồng nghĩa "{tu}"
- loai
"{tu}" là từ loại gì?
"{tu}" là danh từ hay động từ?
- van
từ nào vần với "{tu}"?
#từ vần với "{tu}"
- han
"{tu}" có phải từ Hán Việt không?
#"{tu}" từ Hán Việt

@ tu_so sym
phân biệt "{tu1}" và "{tu2}"?
"{tu1}" (khác|với) "{tu2}" khác nhau thế nào?
#"{tu1}" và "{tu2}" khác nhau
khi nào dùng "{tu1}", khi nào dùng "{tu2}"?

@ dich_cau kind=verb
- dich
"{cau}" (tiếng nước ngoài,|) {ngoaingu} là gì?
!dịch "{cau}" sang {ngoaingu}
nói "{cau}" bằng {ngoaingu} thế nào?
#"{cau}" {ngoaingu}
câu "{cau}" trong {ngoaingu} nói sao?
- doc
"{cau}" trong {ngoaingu} phát âm thế nào?
#phát âm "{cau}" {ngoaingu}
cách đọc "{cau}" trong {ngoaingu}?
- viet
"{cau}" trong {ngoaingu} viết thế nào?
#chữ viết "{cau}" {ngoaingu}
cách viết "{cau}" bằng chữ {ngoaingu}?

@ dich_van_ban
!dịch đoạn văn này từ {ngoaingu1} sang {ngoaingu2}
!chuyển đoạn {ngoaingu1} này thành {ngoaingu2}
đoạn này là {ngoaingu1}, cần bản {ngoaingu2}
(tôi|mình) cần đoạn {ngoaingu1} này bằng {ngoaingu2}

@ hoc_ngoai_ngu kind=question
- kho
{ngoaingu} có khó học không?
học {ngoaingu} khó không?
#độ khó {ngoaingu}
- lau
học {ngoaingu} mất bao lâu?
bao lâu thì giao tiếp được {ngoaingu}?
#thời gian học {ngoaingu}
- dau
nên học {ngoaingu} ở đâu?
#trung tâm {ngoaingu} tốt
trung tâm {ngoaingu} nào tốt?
- viec
học {ngoaingu} ra làm nghề gì?
#cơ hội việc làm {ngoaingu}
biết {ngoaingu} thì xin việc gì?
- sach
sách nào tốt để học {ngoaingu}?
#sách học {ngoaingu}
- chungchi
thi chứng chỉ {ngoaingu} nào?
#chứng chỉ {ngoaingu}

@ quoc_gia kind=question
- tien
{nuoc} dùng tiền gì?
đơn vị tiền tệ của {nuoc} là gì?
#tiền tệ {nuoc}
- ngu
người {nuoc} nói tiếng gì?
ngôn ngữ chính của {nuoc} là gì?
#ngôn ngữ {nuoc}
- dientich
{nuoc} rộng bao nhiêu?
diện tích {nuoc} là bao nhiêu?
#diện tích {nuoc}
- visa
đi {nuoc} có cần visa không?
người Việt sang {nuoc} có phải xin visa không?
#visa {nuoc}
- gio
giờ {nuoc} lệch Việt Nam mấy tiếng?
#chênh lệch giờ {nuoc} Việt Nam
{nuoc} cách Việt Nam mấy múi giờ?
- hoc
chi phí du học {nuoc} là bao nhiêu?
du học {nuoc} tốn bao nhiêu tiền?
#chi phí du học {nuoc}
- lam
mức lương tối thiểu ở {nuoc} là bao nhiêu?
#lương tối thiểu {nuoc}
- antoan
đi du lịch {nuoc} có an toàn không?
{nuoc} có nguy hiểm cho du khách không?
#{nuoc} có an toàn không
- mon
món ăn nổi tiếng của {nuoc} là gì?
#món ăn nổi tiếng {nuoc}
đến {nuoc} nên ăn gì?
- ma
mã vùng điện thoại quốc tế của {nuoc} là bao nhiêu?
gọi sang {nuoc} bấm đầu số nào?

@ quoc_gia_so kind=adjective
- lon
{nuoc1} có lớn hơn {nuoc2} không?
{nuoc1} rộng hơn {nuoc2} phải không?
- giau
{nuoc1} có giàu hơn {nuoc2} không?
thu nhập ở {nuoc1} cao hơn {nuoc2} phải không?
- lanh
{nuoc1} có lạnh hơn {nuoc2} không?
nhiệt độ ở {nuoc1} thấp hơn {nuoc2} phải không?
- dong
{nuoc1} có đông dân hơn {nuoc2} không?
dân số {nuoc1} nhiều hơn {nuoc2} phải không?
- dat
sống ở {nuoc1} có đắt đỏ hơn {nuoc2} không?
chi phí sinh hoạt {nuoc1} cao hơn {nuoc2} phải không?

@ xuat_khau kind=direction
- xk
{nuoc1} xuất khẩu gì sang {nuoc2}?
{nuoc2} nhập gì từ {nuoc1}?
#hàng {nuoc1} xuất sang {nuoc2}
- gui
gửi hàng từ {nuoc1} về {nuoc2} hết bao nhiêu?
#cước gửi hàng {nuoc1} về {nuoc2}
phí gửi đồ về {nuoc2} từ {nuoc1} là bao nhiêu?
- bay
bay từ {nuoc1} sang {nuoc2} mất mấy tiếng?
#thời gian bay {nuoc1} {nuoc2}
- xam
{nuoc1} từng xâm lược {nuoc2} chưa?
{nuoc2} có từng bị {nuoc1} xâm lược không?

@ khai_niem kind=question fmt
- la gi
{khoahoc} là gì?
!GIAITHICH {khoahoc}
#khái niệm {khoahoc}
thế nào là {khoahoc}?
- vi sao
vì sao có {khoahoc}?
{khoahoc} do đâu mà có?
#nguyên nhân {khoahoc}
- vai tro
vai trò của {khoahoc} là gì?
{khoahoc} có ý nghĩa gì với đời sống?
#vai trò {khoahoc}
- vi du
!cho ví dụ về {khoahoc}
ví dụ thực tế về {khoahoc} là gì?
- phat hien
ai là người phát hiện ra {khoahoc}?
#người phát hiện {khoahoc}
ai tìm ra {khoahoc}?

@ kinh_te kind=question fmt
- la gi
{kinhte} LAGI?
!GIAITHICH {kinhte}
#{kinhte} khái niệm
- tinh
{kinhte} tính thế nào?
công thức tính {kinhte}?
#cách tính {kinhte}
- loi
ưu điểm của {kinhte} là gì?
{kinhte} có lợi ích gì?
#ưu điểm {kinhte}
- hai
nhược điểm của {kinhte} là gì?
{kinhte} có hại gì?
#nhược điểm {kinhte}
- rui ro
{kinhte} có rủi ro gì?
#rủi ro {kinhte}
- viet nam
tình hình {kinhte} ở Việt Nam (thế nào|ra sao)?
#{kinhte} Việt Nam

@ kinh_te_so sym
{kinhte1} và {kinhte2} khác nhau thế nào?
so sánh {kinhte1} (với|và) {kinhte2}
#{kinhte1} và {kinhte2} khác nhau
phân biệt {kinhte1} với {kinhte2}?
điểm khác giữa {kinhte1} và {kinhte2} là gì?

@ tang_giam fmt
$ huong polarity: tăng=lên cao; giảm=đi xuống
$ gi entity: giá vàng; giá xăng; giá nhà; giá gạo; giá cà phê; tỷ giá USD=giá đô; lãi suất ngân hàng; chứng khoán; tiền lương=lương; tỷ lệ thất nghiệp; dân số; nhiệt độ trái đất; giá điện; giá thịt lợn=giá thịt heo
vì sao {gi} {huong}?
nguyên nhân {gi} {huong} là gì?
#lý do {gi} {huong}
!GIAITHICH vì sao {gi} {huong}
{gi} {huong} do đâu?

@ lich_su kind=question fmt
- khi
{sukien} (diễn ra|xảy ra) khi nào?
{sukien} (diễn ra|xảy ra) năm nào?
#thời gian {sukien}
- o dau
{sukien} diễn ra ở đâu?
#địa điểm {sukien}
- nguyen nhan
nguyên nhân của {sukien} là gì?
vì sao có {sukien}?
#nguyên nhân {sukien}
- ket qua
kết quả của {sukien} là gì?
{sukien} kết thúc ra sao?
#kết quả {sukien}
- y nghia
ý nghĩa lịch sử của {sukien} là gì?
#ý nghĩa {sukien}
!nêu ý nghĩa của {sukien}
- ai
ai lãnh đạo {sukien}?
người đứng đầu {sukien} là ai?
#lãnh đạo {sukien}
- dien bien
diễn biến của {sukien} (thế nào|ra sao)?
!trình bày diễn biến {sukien}
- tom
!tóm tắt {sukien}
#tóm tắt {sukien}

@ truoc_sau kind=polarity
- truoc
Việt Nam ra sao ngay trước {sukien}?
chuyện gì xảy ra trước {sukien}?
#bối cảnh trước {sukien}
- sau
Việt Nam ra sao ngay sau {sukien}?
chuyện gì xảy ra sau {sukien}?
#bối cảnh sau {sukien}
- trong
đời sống người dân trong {sukien} ra sao?
#đời sống trong {sukien}

@ danh_nhan kind=question
- ai
{danhnhan} là ai?
!giới thiệu về {danhnhan}
#tiểu sử {danhnhan}
- sinh
{danhnhan} sinh năm nào?
#năm sinh {danhnhan}
năm sinh của {danhnhan} là năm bao nhiêu?
- mat
{danhnhan} mất năm nào?
#năm mất {danhnhan}
{danhnhan} qua đời năm bao nhiêu?
- que
{danhnhan} quê ở đâu?
quê quán của {danhnhan}?
#quê {danhnhan}
- vo
vợ hoặc chồng của {danhnhan} là ai?
{danhnhan} lấy ai?
- cong
{danhnhan} có công lao gì?
{danhnhan} nổi tiếng vì điều gì?
#công lao {danhnhan}
- noi
câu nói nổi tiếng của {danhnhan} là gì?
#câu nói hay của {danhnhan}
- chet
{danhnhan} mất vì lý do gì?
nguyên nhân cái chết của {danhnhan}?
- con
{danhnhan} có mấy người con?
#con của {danhnhan}

@ tac_pham kind=question fmt
- tom
!tóm tắt {tacpham}
nội dung {tacpham} là gì?
#tóm tắt {tacpham}
- tac gia
tác giả của {tacpham} là ai?
ai viết {tacpham}?
#tác giả {tacpham}
- nam
{tacpham} ra đời năm nào?
{tacpham} được sáng tác năm nào?
#năm sáng tác {tacpham}
- phan tich
!phân tích {tacpham}
#phân tích {tacpham}
!VIET bài văn phân tích {tacpham}
- nghe thuat
giá trị nghệ thuật của {tacpham} là gì?
#nghệ thuật {tacpham}
- nhan dao
giá trị nhân đạo của {tacpham} là gì?
#giá trị nhân đạo {tacpham}
- cam nghi
!nêu cảm nghĩ về {tacpham}
cảm nhận của em về {tacpham}
- nhan vat
nhân vật chính trong {tacpham} là ai?
#nhân vật chính {tacpham}
- hoan canh
hoàn cảnh sáng tác {tacpham} là gì?
{tacpham} ra đời trong hoàn cảnh nào?
#hoàn cảnh sáng tác {tacpham}
- ket
{tacpham} kết thúc thế nào?
#kết truyện {tacpham}

@ thuoc_hoi kind=question
- lieu
uống {thuoc} bao nhiêu là đủ một ngày?
liều dùng {thuoc} mỗi ngày?
#liều dùng {thuoc}
- phu
{thuoc} có tác dụng phụ gì?
tác dụng phụ của {thuoc}?
#tác dụng phụ {thuoc}
- khi
uống {thuoc} lúc nào trong ngày?
nên uống {thuoc} vào sáng hay tối?
- an
uống {thuoc} trước hay sau khi ăn?
{thuoc} có phải uống lúc no không?
#{thuoc} trước hay sau ăn
- bia
uống {thuoc} có được uống bia không?
{thuoc} với rượu bia có sao không?
#{thuoc} và rượu bia
- quen
quên uống {thuoc} thì làm sao?
#quên liều {thuoc}
lỡ quên một liều {thuoc}, có cần uống bù?
- qua
uống quá liều {thuoc} thì sao?
#quá liều {thuoc}
lỡ uống nhiều {thuoc} có nguy hiểm không?
- dung
{thuoc} dùng để làm gì?
{thuoc} trị bệnh gì?
#công dụng {thuoc}
- lau
{thuoc} bao lâu thì có tác dụng?
uống {thuoc} sau bao lâu thì hiệu quả?
- ngung
đang uống {thuoc} mà ngưng đột ngột có sao không?
#ngưng {thuoc} đột ngột

@ thuoc_ai kind=polarity
- duoc
{nguoidung} (uống|dùng) {thuoc} được không?
{thuoc} có an toàn cho {nguoidung} không?
có nên cho {nguoidung} dùng {thuoc}?
#{nguoidung} dùng {thuoc}
- vi sao khong
vì sao {nguoidung} không được dùng {thuoc}?
#lý do {nguoidung} không dùng {thuoc}
tại sao {thuoc} nguy hiểm với {nguoidung}?
- lieu
{nguoidung} uống {thuoc} liều bao nhiêu?
liều {thuoc} cho {nguoidung}?
#liều {thuoc} {nguoidung}

@ thuoc_cung sym
uống {thuoc1} (cùng|chung với) {thuoc2} được không?
{thuoc1} và {thuoc2} có tương tác không?
#{thuoc1} {thuoc2} tương tác
có nên dùng chung {thuoc1} với {thuoc2}?

@ trieu_chung kind=question
- vi sao
vì sao bị {trieuchung}?
{trieuchung} là do đâu?
nguyên nhân gây {trieuchung}?
#nguyên nhân {trieuchung}
- chua
bị {trieuchung} thì làm sao hết?
cách chữa {trieuchung}?
#chữa {trieuchung}
(tôi|em|mình) bị {trieuchung}, làm gì cho đỡ?
- thuoc
bị {trieuchung} uống thuốc gì?
#{trieuchung} uống thuốc gì
thuốc nào trị {trieuchung}?
- kham
bị {trieuchung} khi nào nên đi khám?
#{trieuchung} khi nào đi khám
{trieuchung} có cần gặp bác sĩ không?
- an
bị {trieuchung} nên ăn gì?
#{trieuchung} nên ăn gì
- kieng
bị {trieuchung} kiêng ăn gì?
#{trieuchung} kiêng gì
bị {trieuchung} không nên ăn gì?
- bau
bà bầu bị {trieuchung} có sao không?
mang thai mà {trieuchung} có nguy hiểm không?
- dan gian
mẹo dân gian chữa {trieuchung}?
#mẹo trị {trieuchung} tại nhà
- tre
trẻ bị {trieuchung} phải làm sao?
bé {trieuchung} thì xử lý thế nào?

@ trieu_chung_lau
bị {trieuchung} {songay} rồi có nguy hiểm không?
(tôi|em|mình) {trieuchung} đã {songay}, có đáng lo không?
#{trieuchung} {songay} có sao không
{trieuchung} kéo dài {songay} có sao không?
đã {songay} mà vẫn {trieuchung}, có nguy hiểm không?

@ trieu_chung_khi
$ huong polarity: nặng hơn=tăng lên; nhẹ hơn=giảm đi
$ luc time: ban đêm=vào ban đêm; buổi sáng=vào buổi sáng; sau khi ăn=ăn xong; trước khi ăn; khi nằm=lúc nằm; khi đứng=lúc đứng; khi trời lạnh=lúc trời lạnh; khi trời nóng=lúc trời nóng; sau khi tập=tập xong; khi đói=lúc đói
vì sao {trieuchung} {huong} {luc}?
{trieuchung} {huong} {luc} là bị gì?
#{trieuchung} {huong} {luc}
{luc} thì {trieuchung} {huong}, là bệnh gì?

@ benh_hoi kind=question fmt
- dau hieu
dấu hiệu của {benh} là gì?
triệu chứng {benh}?
#triệu chứng {benh}
làm sao biết mình bị {benh}?
- nguyen nhan
nguyên nhân gây {benh} là gì?
{benh} do đâu?
#nguyên nhân {benh}
- lay
{benh} có lây không?
#{benh} có lây không
{benh} lây qua đường nào hay không lây?
- chua
{benh} chữa thế nào?
cách điều trị {benh}?
#điều trị {benh}
- khoi
{benh} có chữa khỏi hẳn được không?
#{benh} có khỏi không
- di truyen
{benh} có di truyền không?
#{benh} di truyền
bố mẹ bị {benh} thì con có bị không?
- an
{benh} nên ăn gì?
người bị {benh} ăn gì thì tốt?
#{benh} ăn gì
- kieng
{benh} kiêng ăn gì?
người bị {benh} không nên ăn gì?
#{benh} kiêng gì
- phong
cách phòng {benh}?
LAMSAO phòng tránh {benh}?
#phòng ngừa {benh}
- chet
{benh} có nguy hiểm đến tính mạng không?
{benh} có chết không?

@ benh_so sym
phân biệt {benh1} và {benh2}?
{benh1} với {benh2} khác nhau thế nào?
#phân biệt {benh1} {benh2}
làm sao biết là {benh1} hay {benh2}?

@ lap_trinh kind=verb
- sap tang
cách sắp xếp {cautruc} tăng dần trong {lapTrinh}?
#{lapTrinh} sắp xếp {cautruc} tăng dần
!VIET code {lapTrinh} sắp xếp {cautruc} theo thứ tự tăng dần
- sap giam
cách sắp xếp {cautruc} giảm dần trong {lapTrinh}?
#{lapTrinh} sắp xếp {cautruc} giảm dần
!VIET code {lapTrinh} sắp xếp {cautruc} theo thứ tự giảm dần
- dao
cách đảo ngược {cautruc} trong {lapTrinh}?
#{lapTrinh} đảo ngược {cautruc}
!VIET code {lapTrinh} đảo ngược {cautruc}
- sao chep
cách sao chép {cautruc} trong {lapTrinh}?
#{lapTrinh} copy {cautruc}
- duyet
cách duyệt (qua|) {cautruc} trong {lapTrinh}?
#{lapTrinh} duyệt {cautruc}
!VIET vòng lặp qua {cautruc} bằng {lapTrinh}
- dai
cách lấy (độ dài|kích thước) {cautruc} trong {lapTrinh}?
#{lapTrinh} độ dài {cautruc}
- rong
cách kiểm tra {cautruc} rỗng trong {lapTrinh}?
#{lapTrinh} kiểm tra {cautruc} rỗng
- trung
cách xóa phần tử trùng trong {cautruc} bằng {lapTrinh}?
#{lapTrinh} {cautruc} bỏ trùng lặp
- lon nhat
cách tìm phần tử lớn nhất của {cautruc} trong {lapTrinh}?
#{lapTrinh} {cautruc} giá trị lớn nhất
- nho nhat
cách tìm phần tử nhỏ nhất của {cautruc} trong {lapTrinh}?
#{lapTrinh} {cautruc} giá trị nhỏ nhất

@ chuyen_kieu
cách chuyển {cautruc1} (sang|thành) {cautruc2} trong {lapTrinh}?
#{lapTrinh} {cautruc1} sang {cautruc2}
!VIET hàm {lapTrinh} đổi {cautruc1} thành {cautruc2}
có {cautruc1}, muốn ra {cautruc2} bằng {lapTrinh} thì làm sao?

@ chuyen_ngon_ngu
!(chuyển|viết lại) đoạn code {lapTrinh1} này sang {lapTrinh2}
có code {lapTrinh1}, cần bản {lapTrinh2}
#chuyển code {lapTrinh1} sang {lapTrinh2}
đoạn {lapTrinh1} này viết bằng {lapTrinh2} thì thế nào?

@ lap_trinh_so kind=adjective
- nhanh
{lapTrinh1} có chạy nhanh hơn {lapTrinh2} không?
tốc độ {lapTrinh1} cao hơn {lapTrinh2} phải không?
- de
{lapTrinh1} có dễ học hơn {lapTrinh2} không?
học {lapTrinh1} đơn giản hơn {lapTrinh2} phải không?
- luong
lập trình {lapTrinh1} có lương cao hơn {lapTrinh2} không?
làm {lapTrinh1} nhiều tiền hơn {lapTrinh2} phải không?
- cu
{lapTrinh1} có ra đời trước {lapTrinh2} không?
{lapTrinh1} lâu đời hơn {lapTrinh2} phải không?

@ tin_hoc kind=question fmt
- la gi
{khainiem} LAGI?
!GIAITHICH {khainiem}
#{khainiem} khái niệm
- hoat dong
{khainiem} hoạt động (thế nào|ra sao)?
!GIAITHICH cách {khainiem} hoạt động
#cơ chế {khainiem}
- khi
khi nào nên dùng {khainiem}?
#khi nào dùng {khainiem}
- uu
ưu điểm của {khainiem} là gì?
#ưu điểm {khainiem}
- nhuoc
nhược điểm của {khainiem} là gì?
#nhược điểm {khainiem}

@ tin_hoc_ngon_ngu kind=question
- vidu
!cho ví dụ về {khainiem} trong {lapTrinh}
ví dụ {khainiem} bằng {lapTrinh} như thế nào?
#{lapTrinh} ví dụ {khainiem}
- loi
lỗi thường gặp với {khainiem} trong {lapTrinh} là gì?
#{lapTrinh} lỗi {khainiem}
- ho tro
{lapTrinh} có hỗ trợ {khainiem} không?
dùng {khainiem} trong {lapTrinh} được không?

@ doi_dai
{num} {donvidai1} (bằng|là) bao nhiêu {donvidai2}?
!đổi {num} {donvidai1} (sang|ra) {donvidai2}
#{num} {donvidai1} sang {donvidai2}
{num} {donvidai1} đổi ra {donvidai2} được bao nhiêu?
bao nhiêu {donvidai2} thì bằng {num} {donvidai1}?

@ doi_nang
{num} {donvinang1} (bằng|là) bao nhiêu {donvinang2}?
!đổi {num} {donvinang1} (sang|ra) {donvinang2}
#{num} {donvinang1} sang {donvinang2}
nặng {num} {donvinang1} thì tính theo {donvinang2} là bao nhiêu?

@ doi_tien
{num} {tienthe1} (bằng|đổi được|là) bao nhiêu {tienthe2}?
!đổi {num} {tienthe1} (sang|ra) {tienthe2}
#{num} {tienthe1} sang {tienthe2}
có {num} {tienthe1} thì đổi được bao nhiêu {tienthe2}?
{num} {tienthe1} quy ra {tienthe2} là mấy?

@ phan_tram
{phantram} của {num} là bao nhiêu?
!tính {phantram} của {num}
#{phantram} của {num}
lấy {num} nhân {phantram} thì được mấy?
{num} mà tính {phantram} thì ra bao nhiêu?

@ giam_gia kind=polarity
- giam
giá {nghin} giảm {phantram} còn bao nhiêu?
#{nghin} giảm {phantram}
món hàng {nghin} được bớt {phantram} thì phải trả bao nhiêu?
- tang
giá {nghin} tăng {phantram} thành bao nhiêu?
#{nghin} tăng {phantram}
món hàng {nghin} bị tăng {phantram} thì phải trả bao nhiêu?

@ phep_tinh kind=verb
- tru
{num1} trừ {num2} bằng mấy?
!lấy {num1} trừ đi {num2}
!tính hiệu của {num1} và {num2}
- chia
{num1} chia {num2} bằng mấy?
!lấy {num1} chia cho {num2}
!tính thương của {num1} và {num2}
- mu
{num1} mũ {num2} bằng mấy?
{num1} lũy thừa {num2} là bao nhiêu?
- du
{num1} chia {num2} dư mấy?
số dư khi chia {num1} cho {num2} là bao nhiêu?

@ hinh_hoc kind=question
- dien tich
công thức tính diện tích {hinh}?
tính diện tích {hinh} thế nào?
#diện tích {hinh}
- chu vi
công thức tính chu vi {hinh}?
tính chu vi {hinh} thế nào?
#chu vi {hinh}
- the tich
công thức tính thể tích {hinh}?
tính thể tích {hinh} thế nào?
#thể tích {hinh}
- ve
cách vẽ {hinh}?
#vẽ {hinh}
- tinh chat
tính chất của {hinh} là gì?
#tính chất {hinh}

@ so_ngay sym
giữa {ngaythang1} và {ngaythang2} cùng năm có bao nhiêu ngày?
#số ngày giữa {ngaythang1} và {ngaythang2}
!đếm số ngày giữa {ngaythang1} và {ngaythang2}
{ngaythang1} với {ngaythang2} cách nhau mấy ngày?

@ phep_cong sym
{num1} cộng {num2} bằng mấy?
!tính tổng của {num1} và {num2}
{num1} + {num2} = ?
cộng {num1} với {num2} thì được bao nhiêu?

@ phep_nhan sym
{num1} nhân {num2} bằng mấy?
!tính tích của {num1} và {num2}
{num1} x {num2} = ?
nhân {num1} với {num2} thì được bao nhiêu?

@ ngay_am kind=direction
- am
{ngaythang} dương lịch năm {year} là ngày bao nhiêu âm lịch?
!đổi {ngaythang} năm {year} từ dương lịch sang âm lịch
- duong
{ngaythang} âm lịch năm {year} là ngày bao nhiêu dương lịch?
!đổi {ngaythang} năm {year} từ âm lịch sang dương lịch
- thu
{ngaythang} dương lịch năm {year} là thứ mấy?
thứ mấy là {ngaythang} dương lịch năm {year}?

@ tuoi kind=question
- menh
sinh năm {year} (là mệnh gì|thuộc mệnh gì)?
#mệnh người sinh năm {year}
- giap
sinh năm {year} tuổi con gì?
#{year} tuổi con gì
người sinh năm {year} cầm tinh con gì?
- mau
sinh năm {year} hợp màu gì?
#{year} hợp màu gì
- huong
sinh năm {year} làm nhà hướng nào?
#hướng nhà người sinh năm {year}
- tuoi
sinh năm {year} năm nay bao nhiêu tuổi?
#{year} bao nhiêu tuổi

@ giay_to kind=verb
- lam
thủ tục làm {giayto} (ở|tại) {tinh}?
làm {giayto} (ở|tại) {tinh} cần giấy tờ gì?
#làm {giayto} {tinh}
MUON làm {giayto} (ở|tại) {tinh}, cần gì?
- doi
thủ tục đổi {giayto} (ở|tại) {tinh}?
#đổi {giayto} {tinh}
{giayto} hết hạn thì đổi thế nào ở {tinh}?
- mat
bị mất {giayto} (ở|tại) {tinh} thì làm sao?
#mất {giayto} {tinh}
- phi
lệ phí làm {giayto} (ở|tại) {tinh} là bao nhiêu?
#lệ phí {giayto} {tinh}
làm {giayto} ở {tinh} hết bao nhiêu tiền?
- lau
làm {giayto} (ở|tại) {tinh} bao lâu thì có?
mấy ngày thì lấy được {giayto} ở {tinh}?
#thời gian làm {giayto} {tinh}
- dau
làm {giayto} (ở|tại) {tinh} ở đâu?
nơi nào ở {tinh} làm {giayto}?
#địa chỉ làm {giayto} {tinh}

@ phat
$ loi entity: vượt đèn đỏ; không đội mũ bảo hiểm=không đội nón bảo hiểm; đi ngược chiều=chạy ngược chiều; đi quá tốc độ=chạy quá tốc độ; không có bằng lái; quên mang bằng lái; không xi nhan; dừng xe sai chỗ; đỗ xe sai chỗ; uống rượu bia lái xe=nồng độ cồn; dùng điện thoại khi lái xe; chở quá người; đi sai làn=sai làn đường; không có gương
$ xe scope: xe máy; ô tô=xe hơi; xe đạp; xe tải; xe đạp điện
{loi} (đối với|với) {xe} phạt bao nhiêu?
{xe} {loi} (bị phạt|phạt) bao nhiêu tiền?
#mức phạt {xe} {loi}
đi {xe} mà {loi} thì bị phạt thế nào?
!cho biết mức phạt {loi} với {xe}

@ luat_tuoi
$ viec entity: kết hôn=lấy vợ lấy chồng; lái xe máy=đi xe máy; lái ô tô; đi làm; bầu cử; mua rượu; nhập ngũ=đi nghĩa vụ quân sự; mở tài khoản ngân hàng; nghỉ hưu=về hưu; hiến máu; làm căn cước; xăm hình
{age} tuổi có được {viec} không?
#{age} tuổi {viec}
(tôi|em|mình) {age} tuổi thì {viec} được chưa?
đủ {age} tuổi đã được phép {viec} chưa?

@ thue_nha kind=role
$ viec verb: lấy lại tiền cọc=đòi lại tiền cọc; chấm dứt hợp đồng sớm=hủy hợp đồng trước hạn; đổi ổ khóa=thay ổ khóa; tăng giá thuê; sửa nhà; cho người khác ở; cắt điện nước=cắt điện cắt nước; vào phòng lúc vắng người; nuôi chó; lắp camera
- thue
người thuê nhà có được {viec} không?
(tôi|mình) là người đi thuê, có quyền {viec} không?
#người thuê {viec}
- chu
chủ nhà có được {viec} không?
(tôi|mình) là chủ nhà cho thuê, có quyền {viec} không?
#chủ nhà {viec}

@ lao_dong kind=role
$ viec verb: nghỉ việc không báo trước=cho nghỉ không báo trước; tăng ca=làm thêm giờ; nghỉ phép năm; chấm dứt hợp đồng=hủy hợp đồng; đóng bảo hiểm; thử việc; làm việc ở nhà; giữ bằng gốc; nghỉ không lương
- nguoi
người lao động (muốn|cần) {viec} thì luật quy định sao?
quyền của người lao động về {viec}?
#người lao động {viec}
- cty
công ty (muốn|cần) {viec} thì luật quy định sao?
quyền của công ty về {viec}?
#công ty {viec}

@ nghi_phep
làm được {sonam} thì có bao nhiêu ngày {loai}?
$ loai entity: phép năm=nghỉ phép; nghỉ ốm; nghỉ thai sản; nghỉ cưới=nghỉ kết hôn; nghỉ tang; nghỉ không lương
#số ngày {loai} sau {sonam}
(tôi|em|mình) làm {sonam} rồi, được mấy ngày {loai}?
!cho biết số ngày {loai} của người làm {sonam}

@ nghe_nghiep kind=question
- luong
lương {nghe} ở {tinh} là bao nhiêu?
{nghe} ở {tinh} kiếm được bao nhiêu tiền?
#lương {nghe} {tinh}
- hoc
học gì để làm {nghe} ở {tinh}?
MUON làm {nghe} ở {tinh} thì học trường nào?
#học làm {nghe} {tinh}
- tuyen
{tinh} có chỗ nào tuyển {nghe} không?
#tuyển {nghe} {tinh}
tìm việc {nghe} ở {tinh} ở đâu?
- phong van
phỏng vấn {nghe} ở {tinh} thường hỏi gì?
#câu hỏi phỏng vấn {nghe} {tinh}

@ chuyen_nghe
LAMSAO chuyển từ {nghe1} sang {nghe2}?
#chuyển nghề {nghe1} sang {nghe2}
đang làm {nghe1}, muốn qua làm {nghe2}
{nghe1} chuyển qua {nghe2} cần học gì?

@ xin_viec kind=verb
- cv
!VIET CV cho {nghe} có {sonam} kinh nghiệm
#mẫu CV {nghe} {sonam} kinh nghiệm
(tôi|em|mình) là {nghe}, {sonam} kinh nghiệm, cần một CV
- thu
!VIET thư xin việc cho {nghe} có {sonam} kinh nghiệm
#mẫu thư xin việc {nghe} {sonam} kinh nghiệm
(tôi|em|mình) là {nghe}, {sonam} kinh nghiệm, cần thư xin việc
- nghi
!VIET đơn xin nghỉ việc cho {nghe} đã làm {sonam}
#mẫu đơn nghỉ việc {nghe} {sonam}
- tuyen
!VIET tin tuyển dụng {nghe} có {sonam} kinh nghiệm
#tin tuyển dụng {nghe} {sonam} kinh nghiệm

@ viet_van
$ loai entity: bài thơ; truyện ngắn; bài văn; lời bài hát; bài phát biểu; bức thư; câu đố; bài đăng Facebook=status Facebook; email; kịch bản
$ kieu adjective: hài hước=vui nhộn; buồn; ngắn=ngắn gọn; dài; lãng mạn; trang trọng; cảm động=xúc động; giản dị
$ ve entity: mẹ; bố; quê hương; mùa thu; mùa xuân; mùa hè; biển; mưa; tình bạn; mối tình đầu; thầy cô; Hà Nội; con mèo; dòng sông; mái trường; ngày Tết; cà phê; tuổi trẻ
!VIET một {loai} {kieu} về {ve}
{loai} {kieu} về {ve}
#{loai} {kieu} {ve}
(tôi|em|mình) cần một {loai} về {ve}, phải {kieu}
!sáng tác {loai} nói về {ve} sao cho {kieu}

@ sua_van
$ kieu adjective: trang trọng hơn; thân mật hơn=gần gũi hơn; ngắn hơn=ngắn gọn hơn; dài hơn; lịch sự hơn; vui hơn=hài hước hơn; dễ hiểu hơn=đơn giản hơn; thuyết phục hơn; chuyên nghiệp hơn; nhẹ nhàng hơn
$ gi entity: email; đoạn văn; bài luận; thư xin việc; bài đăng; báo cáo; lời mời; CV; bài thuyết trình; tin nhắn
!sửa {gi} này cho {kieu}
!viết lại {gi} này {kieu}
{gi} này cần {kieu}
làm sao để {gi} này {kieu}?
!chỉnh giọng văn {gi} này {kieu}

@ tom_tat
$ gi entity: bài báo; cuốn sách; cuộc họp; báo cáo; hợp đồng; video; chương này; bài giảng; email; bộ phim
!tóm tắt {gi} trong {small} câu
{small} câu tóm tắt {gi}
!rút gọn {gi} còn {small} câu
{gi} nói gì, gói gọn trong {small} câu?

@ mon_hoc kind=question
- gioi
LAMSAO học giỏi môn {mon_hoc} lớp {small}?
#học giỏi {mon_hoc} lớp {small}
bí quyết học tốt {mon_hoc} lớp {small} là gì?
- de
!cho đề thi môn {mon_hoc} lớp {small}
#đề thi {mon_hoc} lớp {small}
!VIET đề kiểm tra {mon_hoc} cho lớp {small}
- giao an
!VIET giáo án {mon_hoc} lớp {small}
#giáo án {mon_hoc} lớp {small}
- sach
sách nào hay để học {mon_hoc} lớp {small}?
#sách {mon_hoc} lớp {small}
- cong thuc
những kiến thức cần nhớ của {mon_hoc} lớp {small} là gì?
#kiến thức trọng tâm {mon_hoc} lớp {small}

@ the_thao kind=question
- luat
luật chơi {monthethao} thế nào?
!GIAITHICH luật {monthethao}
#luật {monthethao}
- loi
(chơi|tập) {monthethao} có lợi ích gì?
#lợi ích của {monthethao}
- bat dau
mới tập {monthethao} nên bắt đầu thế nào?
#{monthethao} cho người mới
- dung cu
chơi {monthethao} cần dụng cụ gì?
#dụng cụ {monthethao}
- chan thuong
{monthethao} hay gặp chấn thương gì?
#chấn thương {monthethao}
- nguon goc
{monthethao} bắt nguồn từ đâu?
#nguồn gốc {monthethao}
- cao
tập {monthethao} có giúp tăng chiều cao không?
#{monthethao} tăng chiều cao
- giam can
tập {monthethao} có giảm cân không?
#{monthethao} giảm cân

@ dot_calo
{baitap} {phut} đốt bao nhiêu calo?
#{baitap} {phut} calo
tập {baitap} trong {phut} tiêu hao bao nhiêu calo?
{phut} {baitap} thì mất bao nhiêu năng lượng?

@ kim_loai kind=question
- gia
giá {kim} hôm nay (là bao nhiêu|bao nhiêu)?
#giá {kim} hôm nay
hôm nay {kim} bán bao nhiêu tiền?
- nong chay
nhiệt độ nóng chảy của {kim} là bao nhiêu?
{kim} nóng chảy ở bao nhiêu độ?
#nhiệt độ nóng chảy {kim}
- gi
{kim} có bị gỉ không?
#{kim} có gỉ không
- that gia
phân biệt {kim} thật và giả thế nào?
#nhận biết {kim} thật
- danh
cách đánh bóng {kim}?
#đánh bóng {kim}
LAMSAO làm sáng {kim}?

@ mua_ban_may kind=verb
- ban
bán {maymoc} cũ ở {tinh} được bao nhiêu tiền?
#bán {maymoc} cũ {tinh}
MUON bán {maymoc} cũ ở {tinh}
- mua
mua {maymoc} cũ ở {tinh} hết bao nhiêu tiền?
#mua {maymoc} cũ {tinh}
MUON mua {maymoc} cũ ở {tinh}
- thue
thuê {maymoc} ở {tinh} giá bao nhiêu?
#thuê {maymoc} {tinh}
- sua
sửa {maymoc} ở {tinh} giá bao nhiêu?
#sửa {maymoc} {tinh}
{maymoc} hỏng, ở {tinh} sửa hết bao nhiêu tiền?

@ dau_thanh
$ cai entity: bàn; bán kính; bạn; bản; múa; mưa; mùa; muối; muỗi; vàng; vang; rắn; răng; rán; bão; báo; bào; dừa; dứa; dưa; cá; cà; ca; bò; bơ; bó; bờ; hoa; hỏa; họa; hóa; sao; sáo; thư; thú; thu; sữa; sửa; chó; chợ; chỗ; nấm; năm; nam; cây; cày; cầy; lá; la; lụa; lúa; lừa; lửa; phở; phố; phổ; đào; đảo; đạo; máy; mây; quả; quà; râu; rau; sấu; sâu; sáu; sầu
$ lam verb: vẽ; đặt tên có chữ; viết thơ về; tìm ảnh; hát về; viết văn về; đố vui về; kể chuyện về
!{lam} {cai}
MUON {lam} "{cai}"
!giúp (tôi|mình|em) {lam} "{cai}"
(bạn|em|ad) {lam} {cai} được không?
#{lam} {cai}
chủ đề: {cai}, việc: {lam}
"""
